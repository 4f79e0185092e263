"""Tagging: a label for every word, in one or several label columns."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, final

import numpy as np
from numpy.typing import NDArray

from seqnlp.arrays import Ragged
from seqnlp.codecs import Codec, Column, Labels, Vocabulary, WordCodec
from seqnlp.codecs.schemes import allowed_transitions
from seqnlp.codecs.spans import read_spans
from seqnlp.codecs.text import Text
from seqnlp.decoders import Allowed, Linear, TagDecoder
from seqnlp.embeddings import CharCnn, ColumnsEmbedding, Find
from seqnlp.embeddings.words import Words
from seqnlp.encoders import Encoder, Lstm
from seqnlp.errors import Fault
from seqnlp.metrics import accuracy, label_scores, span_scores
from seqnlp.metrics.answers import Answers
from seqnlp.model import SequenceModel
from seqnlp.optimizers import AdamW, Optimizer
from seqnlp.tasks.base import Scores, TaskRecipe
from seqnlp.tasks.labelling import LabellingTask
from seqnlp.tasks.most_frequent import most_frequent_tags
from seqnlp.tasks.tag_calibration import calibrate_linear
from seqnlp.tasks.tagged import TagData, TaggedExamples
from seqnlp.tasks.tagger import Tagger
from seqnlp.training import Metric, Training
from seqnlp.training.inference import in_parallel

if TYPE_CHECKING:
    from datasets import Dataset

Predictions = tuple[dict[str, NDArray[np.int64]], dict[str, NDArray[np.float32]]]
"""The label of every word and the probability that the model gives to it, each by column."""


@final
class Tag(TaskRecipe):
    """Gives every word of a sentence a label."""

    task: Literal["tag"] = "tag"
    data: TagData
    embedding: ColumnsEmbedding = ColumnsEmbedding(words=Words(), chars=CharCnn())
    encoder: Encoder = Lstm()
    decoder: TagDecoder = Linear()
    optimizer: Optimizer = AdamW()

    @property
    def columns(self) -> list[str]:
        """The columns that there are decoders for."""
        return [*self.data.labels, *self.data.auxiliary]

    def faults(self) -> Iterator[Fault]:
        """What can't go together."""
        if not self.embedding.views():
            yield Fault("embedding", "there is nothing to embed", "add [embedding.words] or [embedding.chars]")
        if not self.data.labels:
            yield Fault("data.labels", "there is no column to predict", 'for instance labels = ["upos"]')
        for name in sorted({name for name in self.columns if self.columns.count(name) > 1}):
            yield Fault("data.labels", f"column {name!r} is named twice")
        for name in self.data.weights:
            if name not in self.columns:
                choices = ", ".join(self.columns)
                yield Fault(f"data.weights.{name}", f"there is no such column to predict; those are {choices}")
        if self.data.tokens in self.columns:
            yield Fault("data.labels", f"the words themselves ({self.data.tokens!r}) can't be the labels")
        for name in self.embedding.columns:
            if name in (*self.columns, self.data.tokens):
                what = "the words themselves" if name == self.data.tokens else "a column to predict"
                yield Fault(f"embedding.columns.{name}", f"this is {what}, which can't be given beside the words")
        yield from self._faults_of_scheme()

    def _faults_of_scheme(self) -> Iterator[Fault]:
        if self.data.scheme is not None and len(self.data.labels) > 1:
            columns = ", ".join(self.data.labels)
            yield Fault("data.scheme", f"one label column has a scheme, but there are several: {columns}")
        if self.data.scheme is None and self.data.encode is not None:
            yield Fault("data.encode", "the scheme of the corpus is not known", 'add data.scheme, for instance "bio"')

    def fit(self, train: "Dataset", find: Find) -> "TagTask":
        """Fit the codecs on the training split."""
        words = self.data.words(train)
        labels = {name: Labels.fit(self.data.tags(words, train, name).distinct) for name in self.columns}
        counts = words.counts()
        given = {name: self.data.beside(words, train, name).counts() for name in self.embedding.columns}
        return TagTask(
            self,
            self.embedding.fit(counts, find),
            self.embedding.fit_columns(given),
            labels,
            Vocabulary.fit(counts),
        )

    def restore(self, codecs: Mapping[str, Mapping[str, Any]]) -> "TagTask":
        """Take the codecs that a run has saved."""
        return TagTask(
            self,
            self.embedding.restore(codecs),
            self.embedding.restore_columns(codecs),
            {name: Labels.from_json(dict(codecs[f"labels.{name}"])) for name in self.columns},
            Vocabulary.from_json(dict(codecs["train_words"])),
        )


@final
class TagTask(LabellingTask):
    """Tagging with fitted codecs."""

    verb: ClassVar[str] = "tag"
    items_name: ClassVar[str] = "words"

    def __init__(
        self,
        recipe: Tag,
        views: dict[str, WordCodec],
        given: dict[str, Vocabulary],
        labels: dict[str, Labels],
        train_words: Vocabulary,
    ) -> None:
        """Take the codecs.

        Args:
            recipe: The recipe.
            views: Of each view of a word.
            given: Of each column that is given beside the words.
            labels: Of each label column, auxiliary ones too.
            train_words: All words of train.
        """
        self.recipe, self.views, self.given = recipe, views, given
        self.labels, self.train_words = labels, train_words
        self.columns = recipe.data.labels
        self.metric = Metric("f1" if recipe.data.scheme else "accuracy")

    def codecs(self) -> dict[str, Codec]:
        """What must be saved with a model, by name."""
        labels = {f"labels.{name}": codec for name, codec in self.labels.items()}
        given = {f"columns.{name}": codec for name, codec in self.given.items()}
        return {**self.views, **given, **labels, "train_words": self.train_words}

    def examples(self, split: "Dataset", batch_tokens: int) -> TaggedExamples:
        """Encode a split."""
        data = self.recipe.data
        words = data.words(split)
        given = {}
        for name, codec in self.given.items():
            column = data.beside(words, split, name)
            given[name] = column.numbered(codec.encode(column.distinct))
        tags = {name: data.tags(words, split, name) for name in self.labels}
        numbers = self.train_words.encode(words.distinct)
        text = Text.encode(words, self.views, given)
        return TaggedExamples.encode(text, tags, self.labels, numbers, batch_tokens)

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
        embedding = self.recipe.embedding.build_with(self.views, self.given)
        encoder = self.recipe.encoder.build(embedding.width)
        decoders = {
            name: self.recipe.decoder.build(encoder.width, codec, self._allowed(name))
            for name, codec in self.labels.items()
        }
        return SequenceModel(embedding, encoder, decoders, self.recipe.data.weights)

    def _allowed(self, name: str) -> Allowed | None:
        """Which label of a column may follow which, if that depends."""
        encoding = self.recipe.data.encoding
        return allowed_transitions(self.labels[name].names, encoding) if encoding and name in self.columns else None

    def score(self, model: SequenceModel, examples: TaggedExamples) -> Scores:
        """Accuracy, that on words that train did not have, and precision, recall and F1 of each label or of spans."""
        return self.scores(self._predict(model, examples)[0], examples)

    def scores(self, predicted: dict[str, NDArray[np.int64]], examples: TaggedExamples) -> Scores:
        """The scores of whoever predicted these labels for every word, by column."""
        unknown = ~examples.known
        scores: Scores = {}
        labels: dict[str, Any] = {}
        for name in self.columns:
            gold = examples.targets[name].values
            right = gold == predicted[name]
            prefix = f"{name}." if len(self.columns) > 1 else ""
            if self.recipe.data.encoding is not None:
                spans, labels[name] = self._score_spans(examples.tags[name], name, predicted[name])
                scores |= spans
            else:
                labels[name] = label_scores(gold, predicted[name], self.labels[name].names)
            scores[f"{prefix}accuracy"] = accuracy(right)
            scores[f"{prefix}accuracy_unknown"] = accuracy(right[unknown])
        if len(self.columns) > 1:
            scores["accuracy"] = float(np.mean([scores[f"{name}.accuracy"] for name in self.columns]))
            return {**scores, "labels": labels}
        return {**scores, "labels": next(iter(labels.values()))}

    def _predict(self, model: SequenceModel, examples: TaggedExamples) -> Predictions:
        """The number of every word's predicted label, and how sure the model is of it, by column."""
        predicted = {name: np.empty(examples.items, np.int64) for name in self.columns}
        sure = {name: np.empty(examples.items, np.float32) for name in self.columns}

        def predict(rows: NDArray[np.int64]) -> None:
            states = model.encode(examples.batch(rows).inputs)
            positions, _ = examples.text.codes.positions(rows)
            for name in self.columns:
                tags = model.decoders[name].predict(states)
                predicted[name][positions] = tags.labels[states.mask].numpy()
                sure[name][positions] = tags.scores[states.mask].numpy()

        for _ in in_parallel(predict, examples.in_order()):
            pass
        return predicted, sure

    def baselines(
        self, splits: Mapping[str, TaggedExamples], training: Training, seed: int
    ) -> dict[str, dict[str, Scores]]:
        """The most frequent tag of each word."""
        train = splits["train"]
        best = {
            name: most_frequent_tags(train.words, train.targets[name].values, len(self.train_words))
            for name in self.columns
        }
        found = {}
        for name, examples in splits.items():
            if name != "train":
                scores = self.scores({column: tags[examples.words] for column, tags in best.items()}, examples)
                found[name] = {"most frequent tag": {k: v for k, v in scores.items() if isinstance(v, float)}}
        return found

    def words(self, split: "Dataset") -> Column:
        """The words of each sentence."""
        return self.recipe.data.words(split)

    def answers(self, model: SequenceModel, examples: TaggedExamples) -> dict[str, Answers]:
        """The label of every word, by column."""
        predicted, sure = self._predict(model, examples)
        lengths = examples.text.codes.lengths
        rows = np.repeat(np.arange(len(lengths)), lengths)
        steps = np.arange(examples.items) - np.repeat(examples.text.codes.offsets[:-1], lengths)
        return {
            name: Answers(
                self.labels[name].names,
                examples.targets[name].values,
                predicted[name],
                sure[name],
                rows,
                steps,
                examples.known,
            )
            for name in self.columns
        }

    def calibrate(self, model: SequenceModel, dev: TaggedExamples) -> dict[str, float]:
        """Fit the temperature of each linear decoder on dev, if `decoder.calibrate` asks for it."""
        if not (isinstance(self.recipe.decoder, Linear) and self.recipe.decoder.calibrate):
            return {}
        return calibrate_linear(model, dev, self.columns)

    def _score_spans(
        self, gold: Column, name: str, predicted: NDArray[np.int64]
    ) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
        """Scores of spans as `conlleval` reads them, those of whole spans only (strict), and those of each label."""
        scheme = self.recipe.data.encoding
        assert scheme is not None
        found = Column(Ragged(predicted, gold.codes.offsets), self.labels[name].names)
        lenient = span_scores(read_spans(gold, scheme), read_spans(found, scheme))
        strict = span_scores(read_spans(gold, scheme, strict=True), read_spans(found, scheme, strict=True))
        scores = {
            "f1": lenient.f1,
            "precision": lenient.precision,
            "recall": lenient.recall,
            "macro_f1": lenient.macro_f1,
            "strict.f1": strict.f1,
            "strict.precision": strict.precision,
            "strict.recall": strict.recall,
        }
        return scores, lenient.labels

    def predictor(self, model: SequenceModel) -> Tagger:
        """Wrap a trained model."""
        return Tagger(self, model)
