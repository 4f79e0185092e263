"""Tagging: a label for every word, in one or several label columns."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, final, overload

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field

from seqnlp.arrays import Ragged
from seqnlp.codecs import Codec, Column, Labels, Vocabulary, WordCodec
from seqnlp.codecs.labels import UNSEEN
from seqnlp.codecs.splitter import words_of
from seqnlp.codecs.text import Text
from seqnlp.decoders import Linear, TagDecoder
from seqnlp.embeddings import CharCnn, Find, TextBatch, TextEmbedding
from seqnlp.embeddings.words import Words
from seqnlp.encoders import Encoder, Lstm
from seqnlp.errors import Fault
from seqnlp.metrics import accuracy, label_scores
from seqnlp.model import Batch, SequenceModel
from seqnlp.optimizers import AdamW, Optimizer
from seqnlp.recipe.data import Data
from seqnlp.results import Tagging
from seqnlp.tasks.base import Scores, Task, TaskRecipe
from seqnlp.training import Examples, Metric
from seqnlp.training.batches import in_order, plan

if TYPE_CHECKING:
    from datasets import Dataset

EVALUATION_TOKENS = 8000
"""Steps of a batch that no gradient is needed for."""


@final
class TagData(Data):
    """A corpus of sentences whose words are labelled."""

    tokens: str = "form"
    """The column that holds the words."""
    labels: list[str] = ["upos"]
    """The columns to predict, trained together, one decoder each."""
    auxiliary: list[str] = []
    """Columns that are learned beside them for what they teach, and neither scored nor predicted."""
    weights: dict[str, Annotated[float, Field(gt=0)]] = {}
    """How much the loss of a column counts; 1 where nothing is said."""


@final
class Tag(TaskRecipe):
    """Gives every word of a sentence a label."""

    task: Literal["tag"] = "tag"
    data: TagData
    embedding: TextEmbedding = TextEmbedding(words=Words(), chars=CharCnn())
    encoder: Encoder = Lstm()
    decoder: TagDecoder = Linear()
    optimizer: Optimizer = AdamW()

    def faults(self) -> Iterator[Fault]:
        """What can't go together."""
        if not self.embedding.views():
            yield Fault("embedding", "there is nothing to embed", "add [embedding.words] or [embedding.chars]")
        if not self.data.labels:
            yield Fault("data.labels", "there is no column to predict", 'for instance labels = ["upos"]')
        columns = [*self.data.labels, *self.data.auxiliary]
        for name in sorted({name for name in columns if columns.count(name) > 1}):
            yield Fault("data.labels", f"column {name!r} is named twice")
        for name in self.data.weights:
            if name not in columns:
                yield Fault(
                    f"data.weights.{name}", f"there is no such column to predict; those are {', '.join(columns)}"
                )
        if self.data.tokens in columns:
            yield Fault("data.labels", f"the words themselves ({self.data.tokens!r}) can't be the labels")

    def fit(self, train: "Dataset", find: Find) -> "TagTask":
        """Fit the codecs on the training split."""
        words = Column.from_dataset(train, self.data.tokens)
        columns = [*self.data.labels, *self.data.auxiliary]
        labels = {name: Labels.fit(Column.from_dataset(train, name).distinct) for name in columns}
        counts = words.counts()
        return TagTask(self, self.embedding.fit(counts, find), labels, Vocabulary.fit(counts))

    def restore(self, codecs: Mapping[str, Mapping[str, Any]]) -> "TagTask":
        """Take the codecs that a run has saved."""
        return TagTask(
            self,
            self.embedding.restore(codecs),
            {
                name: Labels.from_json(dict(codecs[f"labels.{name}"]))
                for name in (*self.data.labels, *self.data.auxiliary)
            },
            Vocabulary.from_json(dict(codecs["train_words"])),
        )


@final
class TaggedExamples(Examples):
    """Encoded sentences and their labels."""

    def __init__(
        self,
        text: Text,
        targets: dict[str, Ragged],
        unseen: dict[str, list[str]],
        known: NDArray[np.bool_],
        batch_tokens: int,
    ) -> None:
        """Take the encoded columns.

        Args:
            text: The words.
            targets: For each label column, the number of each word's label.
            unseen: For each label column, the labels that train did not have.
            known: For each distinct word of `text`, whether train had it.
            batch_tokens: Steps of a training batch.
        """
        self.text, self.targets, self.unseen, self.known = text, targets, unseen, known
        self.batch_tokens = batch_tokens

    @property
    def items(self) -> int:
        """Words."""
        return len(self.text.codes.values)

    def plan(self, seed: int, epoch: int) -> list[NDArray[np.int64]]:
        """Sentences of about the same length together."""
        return plan(self.text.codes.lengths, self.batch_tokens, seed, epoch)

    def in_order(self) -> list[NDArray[np.int64]]:
        """Large batches, every sentence once."""
        return in_order(self.text.codes.lengths, EVALUATION_TOKENS)

    def items_in(self, rows: NDArray[np.int64]) -> int:
        """Words of some sentences."""
        return int(self.text.codes.lengths[rows].sum())

    def batch(self, rows: NDArray[np.int64]) -> Batch:
        """Gather some sentences."""
        inputs = TextBatch.of(self.text.batch(rows))
        targets = {name: torch.from_numpy(labels.pad(rows, fill=UNSEEN)[0]) for name, labels in self.targets.items()}
        return Batch(inputs, targets, self.items_in(rows))


@final
class TagTask(Task):
    """Tagging with fitted codecs."""

    verb: ClassVar[str] = "tag"
    items_name: ClassVar[str] = "words"

    def __init__(
        self, recipe: Tag, views: dict[str, WordCodec], labels: dict[str, Labels], train_words: Vocabulary
    ) -> None:
        """Take the codecs: of each view of a word, of each label column (auxiliary ones too), and all words of train."""
        self.recipe, self.views, self.labels, self.train_words = recipe, views, labels, train_words
        self.columns = recipe.data.labels
        self.metric = Metric("accuracy")

    def codecs(self) -> dict[str, Codec]:
        """What must be saved with a model, by name."""
        labels = {f"labels.{name}": codec for name, codec in self.labels.items()}
        return {**self.views, **labels, "train_words": self.train_words}

    def examples(self, split: "Dataset", batch_tokens: int) -> TaggedExamples:
        """Encode a split."""
        words = Column.from_dataset(split, self.recipe.data.tokens)
        targets, unseen = {}, {}
        for name, codec in self.labels.items():
            column = Column.from_dataset(split, name)
            numbers = codec.encode(column.distinct)
            targets[name] = Ragged(numbers[column.codes.values], column.codes.offsets)
            unseen[name] = [label for label, number in zip(column.distinct, numbers, strict=True) if number == UNSEEN]
        known = np.array([word in self.train_words for word in words.distinct], bool)
        return TaggedExamples(Text.encode(words, self.views), targets, unseen, known, batch_tokens)

    def notices(self, examples: TaggedExamples) -> list[str]:
        """Labels that no model trained here can predict."""
        return [
            f"{name}: {', '.join(map(repr, labels[:5]))}{' ...' if len(labels) > 5 else ''} "
            f"{'does' if len(labels) == 1 else 'do'} not occur in train, and always counts as wrong"
            for name, labels in examples.unseen.items()
            if labels and name in self.columns
        ]

    def build(self) -> SequenceModel:
        """Make the model, with fresh random weights."""
        embedding = self.recipe.embedding.build(self.views)
        encoder = self.recipe.encoder.build(embedding.width)
        decoders = {name: self.recipe.decoder.build(encoder.width, codec) for name, codec in self.labels.items()}
        return SequenceModel(embedding, encoder, decoders, self.recipe.data.weights)

    def score(self, model: SequenceModel, examples: TaggedExamples) -> Scores:
        """Accuracy, accuracy on words that train did not have, and each label's precision, recall and F1."""
        predicted = {name: np.empty(examples.items, np.int64) for name in self.columns}
        for rows in examples.in_order():
            batch = examples.batch(rows)
            states = model.encode(batch.inputs)
            positions, _ = examples.text.codes.positions(rows)
            for name in self.columns:
                tags = model.decoders[name].predict(states).labels
                predicted[name][positions] = tags[states.mask].numpy()
        unknown = ~examples.known[examples.text.codes.values]
        scores: Scores = {}
        labels = {}
        for name in self.columns:
            gold = examples.targets[name].values
            right = gold == predicted[name]
            prefix = f"{name}." if len(self.columns) > 1 else ""
            scores[f"{prefix}accuracy"] = accuracy(right)
            scores[f"{prefix}accuracy_unknown"] = accuracy(right[unknown])
            labels[name] = label_scores(gold, predicted[name], self.labels[name].names)
        if len(self.columns) > 1:
            scores["accuracy"] = float(np.mean([scores[f"{name}.accuracy"] for name in self.columns]))
            return {**scores, "labels": labels}
        return {**scores, "labels": next(iter(labels.values()))}

    def predictor(self, model: SequenceModel) -> "Tagger":
        """Wrap a trained model."""
        return Tagger(self, model)


@final
class Tagger:
    """A trained tagger: `tagger.tag("The cat sat .")`."""

    verb: ClassVar[str] = "tag"

    def __init__(self, task: TagTask, model: SequenceModel) -> None:
        self.task, self.model = task, model.eval()

    @property
    def columns(self) -> list[str]:
        """The label columns, the main one first."""
        return self.task.columns

    @overload
    def tag(self, sentences: str, *, pretokenized: bool = False) -> Tagging: ...
    @overload
    def tag(self, sentences: list[str] | list[list[str]], *, pretokenized: bool = False) -> list[Tagging]: ...
    @overload
    def tag(self, sentences: Iterator[str | list[str]], *, pretokenized: bool = False) -> Iterator[Tagging]: ...

    def tag(
        self, sentences: str | list[str] | list[list[str]] | Iterator[str | list[str]], *, pretokenized: bool = False
    ) -> Tagging | list[Tagging] | Iterator[Tagging]:
        """Tag one sentence, a list of sentences, or a stream of them.

        Args:
            sentences: Text, split into words by rule, or, for a sentence that is a list, the words themselves.
            pretokenized: Split text at blanks only.

        Returns:
            A `Tagging` for a string, a list for a list, and for an iterator another one that reads ahead no
            further than a few thousand sentences.
        """
        split = str.split if pretokenized else words_of
        if isinstance(sentences, str):
            return self._tag([split(sentences)])[0]
        split_up = (split(each) if isinstance(each, str) else each for each in sentences)
        stream = self._stream(split_up)
        return list(stream) if isinstance(sentences, list) else stream

    def _stream(self, sentences: Iterator[list[str]]) -> Iterator[Tagging]:
        size = 1  # the first answer at once, later ones in ever larger batches
        while window := list(islice(sentences, size)):
            yield from self._tag(window)
            size = min(size * 4, 4096)

    @torch.inference_mode()
    def _tag(self, sentences: list[list[str]]) -> list[Tagging]:
        column = Column.from_rows(sentences)
        text = Text.encode(column, self.task.views)
        total = len(text.codes.values)
        names = {name: np.array(self.task.labels[name].names, object) for name in self.columns}
        tags = {name: np.empty(total, object) for name in names}
        scores = np.empty(total)
        first = self.columns[0]
        for rows in in_order(text.codes.lengths, EVALUATION_TOKENS):
            rows = rows[text.codes.lengths[rows] > 0]
            if not len(rows):
                continue
            states = self.model.encode(TextBatch.of(text.batch(rows)))
            positions, _ = text.codes.positions(rows)
            for name in self.columns:
                found = self.model.decoders[name].predict(states)
                tags[name][positions] = names[name][found.labels[states.mask].numpy()]
                if name == first:
                    scores[positions] = found.scores[states.mask].numpy()
        rows_of = {name: values.tolist() for name, values in tags.items()}
        all_scores, offsets = scores.tolist(), text.codes.offsets.tolist()
        results = []
        for words, start, end in zip(sentences, offsets[:-1], offsets[1:], strict=True):
            columns = {name: values[start:end] for name, values in rows_of.items()}
            results.append(Tagging(words, columns[first], all_scores[start:end], columns))
        return results
