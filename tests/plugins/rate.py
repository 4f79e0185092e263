"""Task of a plugin: a number for a text, by regression over its words."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqnlp.codecs import Codec, Column, EncodedText, TextCodec, TokenizedText
from seqnlp.codecs.splitter import words_of
from seqnlp.decoders.base import DecoderModule, Loss
from seqnlp.embeddings import PathResolver, TextBatch, TextEmbedding, Words
from seqnlp.embeddings.text import codec_name
from seqnlp.encoders import Encoder, Lstm
from seqnlp.events import Example
from seqnlp.model import Batch, SequenceModel
from seqnlp.nn.device import to_numpy
from seqnlp.nn.encoder import States
from seqnlp.optimizers import AdamW, Optimizer
from seqnlp.recipe import Data
from seqnlp.tasks.base import Codecs, Predictor, Scores, Task, TaskRecipe
from seqnlp.tasks.registry import TaskInfo, register
from seqnlp.training import Metric, Preview
from seqnlp.training.dataset import BucketedDataset

register(TaskInfo("rate", "a rater", "gives a text a number", 'print(list(model.predict(["fine"])))'))


@final
class RateData(Data):
    """Texts with a number each."""

    text: str = "text"
    value: str = "value"

    def words(self, split: Any) -> Column:
        """Split the texts into words."""
        return Column.from_rows([words_of(text) for text in split[self.text]])


@final
class RateRecipe(TaskRecipe):
    """Recipe of a rater."""

    task: Literal["rate"] = "rate"
    data: RateData
    embedding: TextEmbedding = TextEmbedding.parse({"words": Words()})
    encoder: Encoder = Lstm(size=16)
    optimizer: Optimizer = AdamW()


@final
class RateDataset(BucketedDataset):
    """Encoded texts and their numbers."""

    def __init__(self, text: EncodedText, values: NDArray[np.float32], batch_tokens: int) -> None:
        self.text, self.values, self.batch_tokens = text, values, batch_tokens

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Words of each text."""
        return self.text.codes.lengths

    @property
    def row_items(self) -> NDArray[np.int64]:
        """A text counts once."""
        return np.ones(len(self.values), np.int64)

    def batch(self, rows: NDArray[np.int64]) -> Batch:
        """Gather some texts."""
        return Batch(TextBatch.gather(self.text, rows), {"value": torch.from_numpy(self.values[rows])}, len(rows))


@final
class MeanRegression(DecoderModule):
    """Linear regression on the mean of the states."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.output = nn.Linear(width, 1)

    def predict(self, states: States) -> Tensor:
        """A number for each sequence; shape (batch,)."""
        mask = states.mask[..., None]
        mean = (states.outputs * mask).sum(1) / mask.sum(1)
        number: Tensor = self.output(mean)[:, 0]
        return number

    def loss(self, states: States, target: Tensor) -> Loss:
        """Squared error."""
        return Loss((self.predict(states) - target).square().sum(), len(target))


@dataclass(frozen=True)
class Rating:
    """A text with its predicted number."""

    text: str
    value: float

    def __str__(self) -> str:
        return f"{self.value:.2f}\t{self.text}"

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        return asdict(self)


@final
class Rater(Predictor):
    """Trained rater."""

    task: ClassVar[str] = "rate"

    def __init__(self, model: SequenceModel, text_codecs: dict[str, TextCodec]) -> None:
        self.model, self.text_codecs = model.eval(), text_codecs

    def predict(self, lines: Iterable[str]) -> Iterator[Rating]:
        """Rate texts, one a line."""
        for line in lines:
            words = TokenizedText(Column.from_rows([words_of(line)]))
            text = EncodedText.encode(words, self.text_codecs)
            with torch.inference_mode():
                states = self.model.encode(TextBatch.gather(text, np.array([0])))
                yield Rating(line, float(self.model.decoders["value"].predict(states)[0]))


@final
class RateTask(Task):
    """Rating with a fitted vocabulary."""

    recipe_class = RateRecipe
    items_name = "texts"
    metric = Metric("mse", higher_is_better=False)

    def __init__(self, recipe: RateRecipe, text_codecs: dict[str, TextCodec]) -> None:
        self.recipe, self.text_codecs = recipe, text_codecs

    @classmethod
    def fit(cls, recipe: RateRecipe, train: Any, find: PathResolver) -> "RateTask":
        """Fit the vocabulary."""
        return cls(recipe, recipe.embedding.fit(TokenizedText(recipe.data.words(train)), find))

    @classmethod
    def restore(cls, recipe: RateRecipe, codecs: Codecs) -> "RateTask":
        """Take the saved vocabulary."""
        return cls(recipe, recipe.embedding.restore(codecs))

    def codecs(self) -> dict[str, Codec]:
        """The vocabulary."""
        return {codec_name(name): codec for name, codec in self.text_codecs.items()}

    def encode(self, split: Any, batch_tokens: int) -> RateDataset:
        """Encode a split."""
        text = EncodedText.encode(TokenizedText(self.recipe.data.words(split)), self.text_codecs)
        return RateDataset(text, np.array(split[self.recipe.data.value], np.float32), batch_tokens)

    def build(self) -> SequenceModel:
        """Make the model."""
        embedding = self.recipe.embedding.build(self.text_codecs)
        encoder = self.recipe.encoder.build(embedding.width)
        return SequenceModel(embedding, encoder, {"value": MeanRegression(encoder.width)})

    def score(self, model: SequenceModel, dataset: RateDataset) -> Scores:
        """Mean squared error."""
        errors = []
        for rows in dataset.in_order():
            found = model.decoders["value"].predict(model.encode(dataset.batch(rows).inputs))
            errors.append((to_numpy(found) - dataset.values[rows]) ** 2)
        return {"mse": float(np.concatenate(errors).mean())}

    def preview(self, dev: Any, seed: int) -> Preview:
        """The first two texts."""
        rows = list(zip(dev[self.recipe.data.text][:2], dev[self.recipe.data.value][:2], strict=True))

        def predict(model: SequenceModel) -> list[Example]:
            found = self.predictor(model).predict([text for text, _ in rows])
            return [
                Example([text], [f"{value}"], [f"{each.value:.2f}"])
                for (text, value), each in zip(rows, found, strict=True)
            ]

        return predict

    def predictor(self, model: SequenceModel) -> Rater:
        """Wrap a trained model."""
        return Rater(model, self.text_codecs)
