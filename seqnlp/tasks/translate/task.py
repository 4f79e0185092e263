"""Translation: a sentence in one language becomes a sentence in another."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import Annotated, Any, ClassVar, Literal, final

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field

from seqnlp.codecs import Codec, Unit
from seqnlp.codecs.sentences import Form, Sentences
from seqnlp.codecs.units import SubwordUnit
from seqnlp.decoders import Attention
from seqnlp.embeddings import PathResolver, TokenEmbedding
from seqnlp.encoders import Encoder, Lstm
from seqnlp.errors import DataError, Fault
from seqnlp.model import SequenceModel
from seqnlp.optimizers import AdamW, Optimizer
from seqnlp.readers import Parallel, Reader
from seqnlp.readers.corpus import Corpus, read_corpus
from seqnlp.recipe.data import Data
from seqnlp.tasks import shown
from seqnlp.tasks.base import Scores, Task, TaskRecipe
from seqnlp.tasks.translate.corpus import Pairs
from seqnlp.tasks.translate.dataset import TARGET, Lengths, TranslateDataset
from seqnlp.tasks.translate.predictor import Translator
from seqnlp.tasks.translate.scores import (
    NEEDED,
    RUN,
    exact_match,
    has_sacrebleu,
    metric_name,
    overlap_scores,
    require_sacrebleu,
)
from seqnlp.tasks.translate.search import BeamSearch, decoder_of, hypotheses, spelled
from seqnlp.training import Metric, Preview, Training
from seqnlp.training.inference import in_parallel


@final
class TranslateData(Data):
    """A corpus of sentences and their translations."""

    reader: Reader = Parallel()
    """How the files are read: `parallel` takes two files of lines, or one with a tab between the two sides."""
    source: str = "source"
    """The column to translate, or a language in the column `translation` of a hub corpus."""
    target: str = "target"
    """The column, or the language, to translate into."""
    unit: Unit = SubwordUnit()
    """What a token is: subwords, characters or words."""
    joint: bool = False
    """Find the tokens of both sides together, so that names and numbers are the same tokens in both."""
    tokenised: bool = False
    """The words are parted by blanks already: nothing splits them again, and BLEU is counted on them as they are."""
    lowercase: bool = False
    """Turn all letters into small ones; scores then make no difference between them."""
    normalise: Form | None = None
    """Bring all text into this normal form of Unicode; left out: leave it as it is."""
    shortest: Annotated[int, Field(ge=1)] = 1
    """Leave pairs out of train that have fewer tokens on one side."""
    longest: Annotated[int, Field(ge=1)] = 100
    """Leave pairs out of train that have more tokens on one side."""
    ratio: Annotated[float, Field(ge=1)] | None = None
    """Leave pairs out of train of which one side has so many times the tokens of the other; left out: none."""


@final
class TranslateTraining(Training):
    """How long, in what portions and how carefully to train."""

    batch_tokens: Annotated[int, Field(ge=1)] = 2000
    """Steps in a batch, of whichever side is longer, padding included."""
    metric: Literal["nats", "bleu", "exact_match"] = "nats"
    """The dev score that decides which weights are kept: surprise by a target token, or of greedy translations BLEU
    (which needs sacrebleu), or the share that is exactly right."""


@final
class Translate(TaskRecipe):
    """Turns a sentence into another."""

    task: Literal["translate"] = "translate"
    data: TranslateData
    embedding: TokenEmbedding = TokenEmbedding(size=256)
    shared_embedding: bool = False
    """Give source and target tokens the same vectors; they must be the same tokens (`data.joint`)."""
    encoder: Encoder = Lstm(size=256)
    decoder: Attention = Attention()
    search: BeamSearch = BeamSearch()
    optimizer: Optimizer = AdamW()
    training: TranslateTraining = TranslateTraining()

    def faults(self) -> Iterator[Fault]:
        """What can't go together."""
        data = self.data
        if data.source == data.target:
            yield Fault("data.target", f"the source itself ({data.source!r}) can't be the target")
        if data.shortest > data.longest:
            yield Fault("data.shortest", f"no pair has {data.shortest} tokens or more and {data.longest} or fewer")
        if self.shared_embedding and not data.joint:
            yield Fault("shared_embedding", "the tokens of the two sides are not the same", "data.joint = true")
        shared = self.embedding.size if self.shared_embedding else None
        with torch.device("meta"):  # nothing is computed
            width = self.encoder.build(1).width
        for key, problem in self.decoder.misfits(width, shared):
            yield Fault(f"decoder.{key}", problem)

    def corpus(self, find: PathResolver) -> Corpus:
        """Read the splits; from train pairs of odd lengths will be left out."""
        corpus = read_corpus(self.data, find)
        splits = {name: self._pairs(table) for name, table in corpus.splits.items()}
        return Corpus({**splits, "train": replace(splits["train"], training=True)}, corpus.hashes)

    def split(self, source: str, find: PathResolver) -> Pairs:
        """Read one split, of which nothing will be left out."""
        return self._pairs(super().split(source, find))

    def _pairs(self, table: Any) -> Pairs:
        return Pairs(table, self.data.source, self.data.target)

    def fit(self, train: Pairs, find: PathResolver) -> "TranslateTask":
        """Find the tokens."""
        if self.training.metric == "bleu":
            require_sacrebleu()
        data = self.data
        sides = [[train.sources, train.targets]] if data.joint else [[train.sources], [train.targets]]
        fitted = [
            Sentences.fit(
                (text for side in group for texts in side() for text in texts),
                data.unit,
                data.lowercase,
                data.normalise,
                data.tokenised,
            )
            for group in sides
        ]
        return TranslateTask(self, fitted[0], fitted[-1])

    def restore(self, codecs: Mapping[str, Mapping[str, Any]]) -> "TranslateTask":
        """Take the codecs that a run has saved."""
        names = ["tokens"] if self.data.joint else ["source", "target"]
        restored = [Sentences.from_json(dict(codecs[name])) for name in names]
        return TranslateTask(self, restored[0], restored[-1])


@final
class TranslateTask(Task):
    """Translation with fitted codecs."""

    verb: ClassVar[str] = "translate"
    items_name: ClassVar[str] = "target tokens"

    def __init__(self, recipe: Translate, source: Sentences, target: Sentences) -> None:
        """Take the codecs of the two sides, which may be the same one."""
        self.recipe, self.source, self.target = recipe, source, target
        chosen = recipe.training.metric
        name = metric_name(chosen, recipe.data.tokenised) if chosen == "bleu" else chosen
        self.metric = Metric(name, higher_is_better=chosen != "nats")

    def codecs(self) -> dict[str, Codec]:
        """What must be saved with a model, by name."""
        return {"tokens": self.source} if self.recipe.data.joint else {"source": self.source, "target": self.target}

    def examples(self, split: Pairs, batch_tokens: int) -> TranslateDataset:
        """Encode a split."""
        data = self.recipe.data
        lengths = Lengths(data.shortest, data.longest, data.ratio)
        return TranslateDataset.encode(split, self.source, self.target, lengths, batch_tokens)

    def notices(self, examples: TranslateDataset) -> list[str]:
        """Which pairs are not trained on, and which scores there will not be."""
        said = [examples.left_out] if examples.left_out else []
        return said if has_sacrebleu() or examples.pairs.training else [*said, NEEDED]

    def build(self) -> SequenceModel:
        """Make the model, with fresh random weights."""
        recipe = self.recipe
        embedding = recipe.embedding.build(len(self.source))
        encoder = recipe.encoder.build(embedding.width)
        table = embedding.table.weight if recipe.shared_embedding else None
        return SequenceModel(embedding, encoder, {TARGET: recipe.decoder.build(encoder.width, len(self.target), table)})

    def score(self, model: SequenceModel, examples: TranslateDataset) -> Scores:
        """BLEU and chrF with their signatures, exact matches, nats per target token and perplexity."""
        scores, signatures = self._overlap(model, examples, self.recipe.search)
        search = self.recipe.search.model_dump()
        return {**scores, **self._surprise(model, examples), "signatures": signatures, "search": search}

    def dev_scores(self, model: SequenceModel, dev: TranslateDataset) -> dict[str, float]:
        """The same scores of greedy translations, which are quick to find."""
        if self.recipe.training.metric == "bleu":
            require_sacrebleu()
        greedy = self.recipe.search.model_copy(update={"beam": 1})
        scores = {**self._overlap(model, dev, greedy)[0], **self._surprise(model, dev)}
        if self.metric.name not in scores:
            raise DataError(f"no reference has {RUN} words, so there is no BLEU: choose another training.metric", "dev")
        return scores

    def _overlap(
        self, model: SequenceModel, examples: TranslateDataset, how: BeamSearch
    ) -> tuple[dict[str, float], dict[str, str]]:
        data = self.recipe.data
        ours = self.translations(model, examples, how)
        theirs = self.references(examples)
        scores, signatures = (
            overlap_scores(ours, theirs, data.lowercase, data.tokenised) if has_sacrebleu() else ({}, {})
        )
        scores["exact_match"] = exact_match(ours, list(map(self.target.clean, theirs)))
        return scores, signatures

    def translations(self, model: SequenceModel, examples: TranslateDataset, how: BeamSearch) -> list[str]:
        """What a model makes of each source; of an empty one, nothing."""
        found = hypotheses([model], examples.source, how.settings())
        texts = list(chain.from_iterable(examples.pairs.sources()))
        written = []
        for row, best in zip(examples.rows.tolist(), found, strict=True):
            copied = how.unknown == "copy" and not self.target.knows_all
            source = self.source.split(texts[row]) if best and copied else []
            written.append(self.target.join(spelled(best[0], source, self.target, how.unknown)) if best else "")
        return written

    def references(self, examples: TranslateDataset) -> list[str]:
        """What people made of each source, in the normal form that the recipe asks for, with single blanks."""
        texts = list(chain.from_iterable(examples.pairs.targets()))
        return [self.target.clean(texts[row], keep_case=True) for row in examples.rows.tolist()]

    def _surprise(self, model: SequenceModel, examples: TranslateDataset) -> dict[str, float]:
        """Nats per target token that is given all that comes before it, and perplexity."""

        def nats(rows: NDArray[np.int64]) -> float:
            batch = examples.batch(rows).to(model.device)
            states = model.encode(batch.inputs)
            return float(decoder_of(model).nats(states, batch.targets[TARGET]).double().sum())

        batches = examples.in_order()
        items = sum(map(examples.items_in, batches))
        mean = sum(in_parallel(nats, batches, model.device)) / max(items, 1)
        return {"nats": mean, "perplexity": math.exp(min(mean, 700))}

    def show(self, dev: Pairs, seed: int) -> Preview:
        """Pick a few examples."""
        return shown.translations(self, dev, seed)

    def predictor(self, model: SequenceModel) -> Translator:
        """Wrap a trained model."""
        return Translator([model], self.source, self.target, self.recipe.search)
