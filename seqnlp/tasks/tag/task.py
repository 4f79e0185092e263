"""Tagging: a label for every word, in one or several label columns."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, final

import numpy as np
from numpy.typing import NDArray

from seqnlp.arrays import Ragged
from seqnlp.codecs import Codec, Column, Features, Labels, Vocabulary, WordCodec
from seqnlp.codecs.features import by_decoder
from seqnlp.codecs.schemes import allowed_transitions
from seqnlp.codecs.spans import read_spans
from seqnlp.codecs.text import Text
from seqnlp.decoders import Allowed, Linear, TagDecoder
from seqnlp.embeddings import CharCnn, ColumnsEmbedding, PathResolver
from seqnlp.embeddings.words import Words
from seqnlp.encoders import Encoder, Lstm
from seqnlp.errors import DataError, Fault
from seqnlp.metrics import accuracy, label_scores, span_scores
from seqnlp.metrics.answers import Answers
from seqnlp.model import SequenceModel
from seqnlp.optimizers import AdamW, Optimizer
from seqnlp.tasks import shown
from seqnlp.tasks.base import Scores, TaskRecipe
from seqnlp.tasks.labelling import LabellingTask
from seqnlp.tasks.tag.baselines import most_frequent_tags
from seqnlp.tasks.tag.calibration import calibrate_linear
from seqnlp.tasks.tag.dataset import TagData, TagDataset
from seqnlp.tasks.tag.inference import predict_tags
from seqnlp.tasks.tag.predictor import Tagger
from seqnlp.training import Metric, Preview, Training

if TYPE_CHECKING:
    from datasets import Dataset


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
        choices = ", ".join(self.columns)
        for name in self.data.loss_weights:
            if name not in self.columns:
                yield Fault(f"data.loss_weights.{name}", f"there is no such column to predict; those are {choices}")
        for name in self.data.by_feature:
            if name not in self.columns:
                yield Fault("data.by_feature", f"there is no column {name!r} to predict; those are {choices}")
            for other in (column for column in self.columns if column.startswith(f"{name}.")):
                yield Fault("data.by_feature", f"column {other!r} is named as if it were a feature of {name!r}")
            if self.data.scheme is not None and name in self.data.labels:
                yield Fault("data.by_feature", f"column {name!r} has a scheme, so its labels are no features")
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
        if self.data.scheme is None and self.data.training_scheme is not None:
            problem = "the scheme of the corpus is not known"
            yield Fault("data.training_scheme", problem, 'add data.scheme, for instance "bio"')

    def fit(self, train: "Dataset", find: PathResolver) -> "TagTask":
        """Fit the codecs on the training split."""
        words = self.data.words(train)
        labels: dict[str, Labels | Features] = {}
        for name in self.columns:
            distinct = self.data.tags(words, train, name).distinct
            labels[name] = Features.fit(distinct) if name in self.data.by_feature else Labels.fit(distinct)
            if name in self.data.by_feature and set(distinct) <= {"_"}:
                raise DataError(f"data.by_feature: column {name!r} has no features in train, only '_'")
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
            {
                name: (Features if name in self.data.by_feature else Labels).from_json(dict(codecs[f"labels.{name}"]))
                for name in self.columns
            },
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
        labels: dict[str, Labels | Features],
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
        self.label_codecs, self.train_words = labels, train_words
        self.labels = {name: own for column, codec in labels.items() for name, own in by_decoder(column, codec).items()}
        self.columns = recipe.data.labels
        self.predicted = {name: labels[name] for name in self.columns}
        self.metric = Metric("f1" if recipe.data.scheme else "accuracy")

    def codecs(self) -> dict[str, Codec]:
        """What must be saved with a model, by name."""
        labels = {f"labels.{name}": codec for name, codec in self.label_codecs.items()}
        given = {f"columns.{name}": codec for name, codec in self.given.items()}
        return {**self.views, **given, **labels, "train_words": self.train_words}

    def examples(self, split: "Dataset", batch_tokens: int) -> TagDataset:
        """Encode a split."""
        data = self.recipe.data
        words = data.words(split)
        given = {}
        for name, codec in self.given.items():
            column = data.beside(words, split, name)
            given[name] = column.numbered(codec.encode(column.distinct))
        tags = {name: data.tags(words, split, name) for name in self.label_codecs}
        numbers = self.train_words.encode(words.distinct)
        text = Text.encode(words, self.views, given)
        return TagDataset.encode(text, tags, self.label_codecs, numbers, batch_tokens)

    def notices(self, examples: TagDataset) -> list[str]:
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
        weights = {
            name: weight
            for column, weight in self.recipe.data.loss_weights.items()
            for name in by_decoder(column, self.label_codecs[column])
        }
        return SequenceModel(embedding, encoder, decoders, weights)

    def _allowed(self, name: str) -> Allowed | None:
        """Which label of a column may follow which, if that depends."""
        encoding = self.recipe.data.encoding
        return allowed_transitions(self.labels[name].names, encoding) if encoding and name in self.columns else None

    def score(self, model: SequenceModel, examples: TagDataset) -> Scores:
        """Accuracy, that on words that train did not have, and precision, recall and F1 of each label or of spans."""
        return self.scores(predict_tags(model, examples.text, self.predicted).tags, examples)

    def scores(self, predicted: dict[str, Column], examples: TagDataset) -> Scores:
        """The scores of whoever predicted these labels for every word, by column."""
        unknown = ~examples.known
        scores: Scores = {}
        labels: dict[str, Any] = {}
        for name in self.columns:
            names, gold, given = self._compared(name, examples, predicted[name])
            right = gold == given
            prefix = f"{name}." if len(self.columns) > 1 else ""
            if self.recipe.data.encoding is not None:
                spans, labels[name] = self._score_spans(examples.tags[name], predicted[name])
                scores |= spans
            else:
                labels[name] = label_scores(gold, given, names)
            scores[f"{prefix}accuracy"] = accuracy(right)
            if unknown.any():
                scores[f"{prefix}accuracy_unknown"] = accuracy(right[unknown])
        if len(self.columns) > 1:
            scores["accuracy"] = float(np.mean([scores[f"{name}.accuracy"] for name in self.columns]))
            return {**scores, "labels": labels}
        return {**scores, "labels": next(iter(labels.values()))}

    def _compared(
        self, name: str, examples: TagDataset, predicted: Column
    ) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
        """The labels of a column, and the numbers of the right one and the predicted one of every word."""
        gold, codec = examples.tags[name], self.predicted[name]
        if isinstance(codec, Features):
            unseen = set(examples.unseen[name])
            seen = [label for label in gold.distinct if unseen.isdisjoint(label.split("|"))]
            codec = Labels.fit([*seen, *predicted.distinct])
        right, given = (each.numbered(codec.encode(each.distinct)).values for each in (gold, predicted))
        return codec.names, right, given

    def baselines(
        self, splits: Mapping[str, TagDataset], training: Training, seed: int
    ) -> dict[str, dict[str, Scores]]:
        """The most frequent tag of each word."""
        train = splits["train"]
        best, found = {}, {}
        for name in self.columns:
            names, gold, _ = self._compared(name, train, train.tags[name])
            best[name] = names, most_frequent_tags(train.words, gold, len(self.train_words))
        for name, examples in splits.items():
            if name != "train":
                offsets = examples.text.codes.offsets
                given = {c: Column(Ragged(tags[examples.words], offsets), names) for c, (names, tags) in best.items()}
                scores = self.scores(given, examples)
                found[name] = {"most frequent tag": {k: v for k, v in scores.items() if isinstance(v, float)}}
        return found

    def words(self, split: "Dataset") -> Column:
        """The words of each sentence."""
        return self.recipe.data.words(split)

    def answers(self, model: SequenceModel, examples: TagDataset) -> dict[str, Answers]:
        """The label of every word, by column."""
        predicted, sure = predict_tags(model, examples.text, self.predicted)
        lengths = examples.text.codes.lengths
        rows = np.repeat(np.arange(len(lengths)), lengths)
        steps = np.arange(examples.items) - np.repeat(examples.text.codes.offsets[:-1], lengths)
        return {
            name: Answers(*self._compared(name, examples, predicted[name]), sure[name], rows, steps, examples.known)
            for name in self.columns
        }

    def calibrate(self, model: SequenceModel, dev: TagDataset) -> dict[str, float]:
        """Fit the temperature of each linear decoder on dev, if `decoder.calibrate` asks for it."""
        if not (isinstance(self.recipe.decoder, Linear) and self.recipe.decoder.calibrate):
            return {}
        decoders = [name for column, codec in self.predicted.items() for name in by_decoder(column, codec)]
        return calibrate_linear(model, dev, decoders)

    def _score_spans(self, gold: Column, found: Column) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
        """Scores of spans as `conlleval` reads them, those of whole spans only (strict), and those of each label."""
        scheme = self.recipe.data.encoding
        assert scheme is not None
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

    def show(self, dev: "Dataset", seed: int) -> Preview:
        """Pick a few examples."""
        return shown.tags(self, dev, seed)

    def predictor(self, model: SequenceModel) -> Tagger:
        """Wrap a trained model."""
        return Tagger(self, model)
