"""Tagging: a label for every word, in one or several label columns."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

from seqnlp.arrays import Ragged, smallest
from seqnlp.codecs import Categorical, Codec, Column, EncodedText, LabelCodec, TextCodec, TokenizedText, Vocabulary
from seqnlp.codecs.label_columns import label_notes
from seqnlp.codecs.labels import NOTHING, UNSEEN, by_decoder, decoder_name
from seqnlp.codecs.spans import allowed_transitions, read_spans
from seqnlp.decoders import Allowed, Biaffine, Linear, TagModule
from seqnlp.embeddings import PathResolver
from seqnlp.embeddings.text import codec_name
from seqnlp.errors import DataError
from seqnlp.metrics import LabelPairs
from seqnlp.metrics.features import feature_values
from seqnlp.metrics.significance import ItemScores
from seqnlp.model import SequenceModel
from seqnlp.notes import note
from seqnlp.tasks.advice import lacking_words, rare_labels, unknown_words
from seqnlp.tasks.base import Codecs, ItemRow, LabellingTask, Part, Scores, embedding_parts, extended, plain_scores
from seqnlp.tasks.kept_states import keep_states
from seqnlp.tasks.placeholders import placeholder_words, unknown_file
from seqnlp.tasks.streaming import Lacking
from seqnlp.tasks.tag.dataset import TagDataset
from seqnlp.tasks.tag.predictor import Tagger, as_in_corpus, predict_tags
from seqnlp.tasks.tag.preview import preview
from seqnlp.tasks.tag.recipe import TagRecipe, about_column
from seqnlp.tasks.tag.scores import calibrate_linear, compare_labels, most_frequent_tags, sentence_scores, tag_scores
from seqnlp.training import Metric, Preview, Training

if TYPE_CHECKING:
    from datasets import Dataset


@final
class TagTask(LabellingTask):
    """Tagging with fitted codecs."""

    recipe_class = TagRecipe
    step_name = "word"
    items_name = "words"

    def __init__(
        self,
        recipe: TagRecipe,
        text_codecs: dict[str, TextCodec],
        labels: dict[str, LabelCodec],
        train_words: Vocabulary,
    ) -> None:
        """Store codecs of embedding parts and label columns; words of train."""
        self.recipe, self.text_codecs = recipe, text_codecs
        self.label_codecs, self.train_words = labels, train_words
        self.labels = {
            name: own
            for column, codec in labels.items()
            if not codec.is_blank
            for name, own in by_decoder(column, codec).items()
        }
        self.columns = [name for name in recipe.data.labels if not labels[name].is_blank]
        self.predicted = {name: labels[name] for name in self.columns}
        self.metric = Metric("f1" if recipe.data.scheme else "accuracy")

    @classmethod
    def fit(cls, recipe: TagRecipe, train: "Dataset", find: PathResolver) -> "TagTask":
        return cls.fit_from(recipe, train, find, {})

    @classmethod
    def fit_from(
        cls, recipe: TagRecipe, train: "Dataset", find: PathResolver, before: Mapping[str, Codec]
    ) -> "TagTask":
        data = recipe.data
        words = data.words(train)
        tags = {name: data.tags(words, train, name) for name in recipe.columns}
        labels = {}
        for name, column in tags.items():
            encoding = data.label_encoding(name)
            with about_column(name):
                codec = extended(encoding.fit(column, words), before, f"labels.{name}")
                labels[name] = encoding.fit_beside(codec, column, words, tags)
        _check_blank(labels, data.labels)
        fitted = recipe.embedding.fit(recipe.text(words, train), find)
        codecs = {name: extended(codec, before, codec_name(name)) for name, codec in fitted.items()}
        return cls(recipe, codecs, labels, Vocabulary.fit(words.composed().counts()))

    @classmethod
    def restore(cls, recipe: TagRecipe, codecs: Codecs) -> "TagTask":
        return cls(
            recipe,
            recipe.embedding.restore(codecs),
            {name: recipe.data.label_encoding(name).restore(codecs[f"labels.{name}"]) for name in recipe.columns},
            Vocabulary.from_json(codecs["train_words"]),
        )

    @classmethod
    def placeholder(cls, recipe: TagRecipe, size: int) -> "TagTask | None":
        data = recipe.data
        if data.by_feature or data.label_codecs:
            return None  # the features of the labels, and so the decoders, are those of the corpus
        words = placeholder_words(size)
        names = ["O", *(f"B-{number}" for number in range(size))] if data.scheme else words.distinct
        column = Column.from_rows([names])
        labels: dict[str, LabelCodec] = {name: Categorical().fit(column, words) for name in recipe.columns}
        text = TokenizedText(words, dict.fromkeys(recipe.embedding.given_columns, words))
        codecs = recipe.embedding.fit(text, unknown_file)
        return cls(recipe, codecs, labels, Vocabulary.fit(words.counts()))

    def codecs(self) -> dict[str, Codec]:
        text = {codec_name(name): codec for name, codec in self.text_codecs.items()}
        labels = {f"labels.{name}": codec for name, codec in self.label_codecs.items()}
        return {**text, **labels, "train_words": self.train_words}

    def parts(self) -> dict[str, Part]:
        recipe, parser = self.recipe, self.recipe.parser or Biaffine()
        decoders = {
            f"decoder.{name}": Part(f"heads.{number}.", parser, labels, section="parser")
            if name in recipe.trees
            else Part(f"heads.{number}.", recipe.decoder, labels)
            for number, (name, labels) in enumerate(self.labels.items())
        }
        embedding = embedding_parts(recipe.embedding, self.text_codecs)
        return {**embedding, "encoder": Part("encoder.", recipe.encoder), **decoders}

    def encode(self, split: "Dataset", batch_tokens: int) -> TagDataset:
        data, codecs = self.recipe.data, self.label_codecs
        words = data.words(split)
        tags = {name: data.tags(words, split, name) for name in codecs}
        targets = {
            decoder_name(name, part): numbers
            for name, column in tags.items()
            for part, numbers in codecs[name].encode_column(column, words).items()
            if decoder_name(name, part) in self.labels
        }
        unseen = {name: codecs[name].unseen(column.distinct) for name, column in tags.items()}
        text = keep_states(EncodedText.encode(self.recipe.text(words, split), self.text_codecs))
        form = words.composed() if self.train_words.is_composed else words
        return TagDataset(text, tags, targets, unseen, self.train_words.encode(form.distinct), batch_tokens)

    def notices(self, examples: TagDataset) -> list[str]:
        classes = [name for name in self.columns if self.label_codecs[name].are_classes]
        odd = [f"{name}: {line}" for name in classes for line in label_notes(examples.tags[name].distinct, False)]
        odd += [line for name in self.columns if name not in classes for line in self._beyond_train(name, examples)]
        return odd + [
            f"{name}: {', '.join(map(repr, labels[:5]))}{' ...' if len(labels) > 5 else ''} "
            f"{'does' if len(labels) == 1 else 'do'} not occur in train, and always counts as wrong"
            for name, labels in examples.unseen.items()
            if labels and name in self.columns
        ]

    def build(self) -> SequenceModel:
        embedding = self.recipe.embedding.build(self.text_codecs)
        encoder = self.recipe.encoder.build(embedding.width)
        skips = {name for name in self.labels if self._reads_words(name)}
        parser = self.recipe.parser or Biaffine()
        decoders: dict[str, TagModule] = {}
        for name, codec in self.labels.items():
            width = encoder.width + embedding.width * (name in skips)
            is_tree = name in self.recipe.trees
            decoders[name] = (
                parser.build(width, codec) if is_tree else self.recipe.decoder.build(width, codec, self._allowed(name))
            )
        weights = {
            decoder_name(column, part): weight * self.recipe.data.loss_weights.get(column, 1.0)
            for column, codec in self.label_codecs.items()
            for part, weight in codec.loss_weights().items()
        }
        return SequenceModel(embedding, encoder, decoders, weights, skips)

    def _reads_words(self, decoder: str) -> bool:
        """True for a decoder that reads the embedding of each word, too."""
        columns = (column for column, codec in self.label_codecs.items() if decoder in by_decoder(column, codec))
        return any(self.label_codecs[column].reads_words for column in columns)

    def _allowed(self, name: str) -> Allowed | None:
        """Allowed transitions between the labels of a column, under a scheme."""
        encoding = self.recipe.data.encoding
        return allowed_transitions(self.labels[name].names, encoding) if encoding and name in self.columns else None

    def score(self, model: SequenceModel, examples: TagDataset) -> Scores:
        """Accuracy, also on unknown words; precision, recall and F1 of labels or spans."""
        return self._scores(predict_tags(model, examples.text, self.predicted).tags, examples)

    def item_scores(self, model: SequenceModel, examples: TagDataset) -> ItemScores:
        """F1 of spans and accuracy, by sentence."""
        predicted = predict_tags(model, examples.text, self.predicted).tags
        return sentence_scores(predicted, examples, self.predicted, self.recipe.data.encoding)

    def _scores(self, predicted: Mapping[str, Column], examples: TagDataset) -> Scores:
        return tag_scores(predicted, examples, self.predicted, self.recipe.data.encoding)

    def lacking(self, dataset: TagDataset) -> Lacking:
        labels = {
            f"labels of {name!r}": (self._count_unseen(name, dataset), dataset.items) for name in self.label_codecs
        }
        return {**lacking_words(dataset.text), **labels}

    def _count_unseen(self, name: str, dataset: TagDataset) -> int:
        """Count the words whose label in a column has no number."""
        decoders = [own for own in by_decoder(name, self.label_codecs[name]) if own in self.labels]
        numbers = [dataset.targets[own].values for own in decoders]
        return int(np.any([each == UNSEEN for each in numbers], axis=0).sum()) if numbers else 0

    def advice(self, splits: Mapping[str, TagDataset]) -> Iterator[str]:
        """Find labels that occur once, and words that most are unknown."""
        train = splits["train"]
        for name, codec in self.predicted.items():
            if not codec.are_classes:  # lemmas, of which most occur once
                continue
            counts = Counter(train.tags[name].counts())
            if (scheme := self.recipe.data.encoding) is not None:  # a span counts once, however long it is
                counts = Counter(read_spans(train.tags[name], scheme).labels.tolist())
            yield from rare_labels(name, counts)
        yield from unknown_words(train.text)

    def baselines(
        self, splits: Mapping[str, TagDataset], training: Training, seed: int
    ) -> dict[str, dict[str, Scores]]:
        """Most frequent tag of each word."""
        train = splits["train"]
        best, found = {}, {}
        for name in self.columns:
            column = train.tags[name]
            labels = self.predicted[name].scored(column, column)
            gold = column.numbered(smallest(labels.encode(column.distinct))).values
            best[name] = labels.names, most_frequent_tags(train.words, gold, len(self.train_words))
        for name, examples in splits.items():
            if name != "train":
                given = {column: self._trivial(column, *tags, examples) for column, tags in best.items()}
                found[name] = {"most frequent tag": plain_scores(self._scores(given, examples))}
        return found

    def _trivial(self, name: str, labels: list[str], tags: NDArray[np.int64], examples: TagDataset) -> Column:
        """Most frequent label of each word; `tags` has its number for each word of train."""
        words = examples.text.words
        found = Column(Ragged(tags[examples.words], words.codes.offsets), labels)
        own = self.predicted[name].trivial(words)
        return found if own is None else found.where(examples.known, own)

    def _beyond_train(self, name: str, examples: TagDataset) -> Iterator[str]:
        """Count the words whose label can't be made of what train has."""
        numbers = [examples.targets[decoder].values for decoder in by_decoder(name, self.label_codecs[name])]
        missing = np.flatnonzero(np.any([each == UNSEEN for each in numbers], axis=0))
        if len(missing):
            columns = examples.text.words, examples.tags[name]
            word, label = (column.distinct[column.codes.values[missing[0]]] for column in columns)
            few = f"{len(missing):,} of {examples.items:,} words"
            made_of = self.label_codecs[name].made_of
            yield f"{name}: train lacks the {made_of} of {few}, such as {label!r} for {word!r}"

    def words(self, split: "Dataset") -> Column:
        return self.recipe.data.words(split)

    def label_pairs(self, model: SequenceModel, examples: TagDataset) -> dict[str, LabelPairs]:
        predicted, sure = predict_tags(model, examples.text, self.predicted)
        words, lengths = examples.text.words, examples.text.codes.lengths
        rows = np.repeat(np.arange(len(lengths)), lengths)
        steps = np.arange(examples.items) - np.repeat(examples.text.codes.offsets[:-1], lengths)
        found = {}
        for name, codec in self.predicted.items():
            gold, given = examples.tags[name], predicted[name]
            features = None if self.recipe.data.scheme else feature_values(gold, given)
            found[name] = LabelPairs(
                *compare_labels(gold, given, words, codec),
                sure[name],
                rows,
                steps,
                examples.known,
                None if codec.are_classes else (gold, given),
                {
                    feature: LabelPairs(*values, sure[name], rows, steps, examples.known)
                    for feature, values in (features or {}).items()
                },
            )
        return found

    def item_rows(self, model: SequenceModel, dataset: TagDataset, table: "Dataset") -> Iterator[ItemRow]:
        """Each word with its labels, in the scheme of the corpus."""
        predicted, scores = predict_tags(model, dataset.text, self.predicted)
        gold = {name: as_in_corpus(dataset.tags[name], self.recipe.data) for name in self.columns}
        ours = {name: as_in_corpus(predicted[name], self.recipe.data) for name in self.columns}
        words, known = dataset.text.words, dataset.known
        place = 0
        for row, sentence in enumerate(words.rows()):
            for step, word in enumerate(sentence):
                found: ItemRow = {"row": row + 1, "token": step + 1, "word": word}
                for name in self.columns:
                    prefix = f"{name}." if len(self.columns) > 1 else ""
                    found[f"{prefix}gold"] = gold[name][place]
                    found[f"{prefix}predicted"] = ours[name][place]
                    found[f"{prefix}right"] = gold[name][place] == ours[name][place]
                    found[f"{prefix}score"] = float(scores[name][place])
                found["known"] = bool(known[place])
                yield found
                place += 1

    def calibrate(self, model: SequenceModel, dev: TagDataset) -> dict[str, float]:
        """Fit the temperature of linear decoders on dev, if `decoder.calibrate` asks."""
        if not (isinstance(self.recipe.decoder, Linear) and self.recipe.decoder.calibrate):
            return {}
        linear = {name: codec for name, codec in self.predicted.items() if name not in self.recipe.trees}
        decoders = [name for column, codec in linear.items() for name in by_decoder(column, codec)]
        return calibrate_linear(model, dev, decoders)

    def preview(self, dev: "Dataset", seed: int) -> Preview:
        given = list(self.recipe.embedding.given_columns)
        return preview(dev, seed, self.columns[0], self.recipe.data, given, self.predictor)

    def predictor(self, model: SequenceModel) -> Tagger:
        return Tagger(model, self.text_codecs, self.predicted, self.recipe.data)


def _check_blank(codecs: Mapping[str, LabelCodec], main: Sequence[str]) -> None:
    """Note the label columns of which nothing can be learned.

    Raises:
        seqnlp.errors.DataError: there are no others to predict.
    """
    blank = [name for name, codec in codecs.items() if codec.is_blank]
    names = ", ".join(map(repr, blank))
    if blank and set(main) <= set(blank):
        raise DataError(f"there are no labels, only {NOTHING!r} in {names}")
    if blank:
        note(f"{names}: nothing but {NOTHING!r} in train, so neither learned nor predicted")
