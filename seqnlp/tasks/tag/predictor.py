"""A trained tagger."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import accumulate, pairwise
from typing import Any, ClassVar, NamedTuple, final, overload

import numpy as np
from numpy.typing import NDArray

from seqnlp.arrays import Ragged
from seqnlp.codecs import Column, EncodedText, LabelCodec, TextCodec, TokenizedText
from seqnlp.codecs.labels import ONLY, by_decoder, decoder_name, ranked_labels
from seqnlp.codecs.spans import read_spans, rewritten, write_spans
from seqnlp.codecs.splitter import split_words, words_of
from seqnlp.decoders.base import LabelModule
from seqnlp.decoders.crf import CrfTagger
from seqnlp.embeddings import TextBatch
from seqnlp.errors import UsageError
from seqnlp.limits import BEST
from seqnlp.model import SequenceModel
from seqnlp.nn.device import to_numpy
from seqnlp.results import Span, Tagging, TagSequence
from seqnlp.tasks.base import Predictor
from seqnlp.tasks.columns import Columns, checked_text, column_of, is_missing, refuse_columns
from seqnlp.tasks.tag.recipe import TagData
from seqnlp.training.dataset import EVALUATION_TOKENS, in_order
from seqnlp.training.inference import in_parallel, stream_in_windows

Sentence = str | list[str] | Mapping[str, list[str]]
"""Text, words, or columns by name: the words and further inputs."""


@dataclass(frozen=True)
class _Split:
    """Sentence as words, with their places in its text."""

    words: list[str]
    text: str | None
    """None where words were given."""
    by_rule: bool
    """True if the text was split by rule, not at blanks."""
    columns: Mapping[str, list[str]]

    @property
    def joined(self) -> str:
        """Text that `offsets` are places in."""
        return " ".join(self.words) if self.text is None else self.text

    def offsets(self) -> list[tuple[int, int]]:
        """Bounds of each word in the text."""
        if self.text is not None and self.by_rule:
            return list(split_words(self.text))
        if self.text is not None:
            return [match.span() for match in re.finditer(r"\S+", self.text)]
        ends = accumulate(len(word) + 1 for word in self.words)
        return [(end - 1 - len(word), end - 1) for word, end in zip(self.words, ends, strict=True)]


@final
class Tagger(Predictor):
    """A trained tagger: `tagger.tag("The cat sat .")`."""

    task: ClassVar[str] = "tag"

    def __init__(
        self, model: SequenceModel, codecs: Mapping[str, TextCodec], labels: Mapping[str, LabelCodec], data: TagData
    ) -> None:
        """Store a model and its codecs.

        Args:
            model: The trained model.
            codecs: Codec of each part of the embedding.
            labels: Codec of each label column, the main one first.
            data: The recipe's `[data]`: names of columns, and the scheme of their spans.
        """
        self.model, self.codecs, self.labels, self.data = model.eval(), codecs, labels, data

    def predict(self, lines: Iterable[str]) -> Iterator[Tagging]:
        return self.tag(iter(lines))

    def predict_columns(self, columns: Columns, column: str | None) -> dict[str, list[Any]]:
        """Predict `tags`; of several columns also `columns`, of a scheme `spans`, of raw texts `tokens`.

        The column of the corpus holds lists of words; one that is named may hold texts, too.
        """
        tokens, *given = self.inputs
        name = column or tokens
        cells = [
            [] if is_missing(cell) else checked_text(cell, f"row {row}, column {name!r},")
            for row, cell in enumerate(column_of(columns, name), 1)
        ]
        is_raw = any(isinstance(cell, str) for cell in cells)
        if is_raw and column is None:
            raise UsageError(f"column {name!r} holds text; expected lists of words: column={name!r} splits text itself")
        others = {other: column_of(columns, other) for other in given}
        rows: Any = cells
        if given:
            rows = [
                {tokens: cell, **{other: list(others[other][row]) for other in given}} for row, cell in enumerate(cells)
            ]
        found = self.tag(rows)
        new: dict[str, list[Any]] = {"tokens": [result.tokens for result in found]} if is_raw else {}
        new["tags"] = [result.tags for result in found]
        if len(self.columns) > 1:
            new["columns"] = [result.columns for result in found]
        if self.data.scheme is not None:
            new["spans"] = [[asdict(span) for span in result.spans or []] for result in found]
        return new

    @property
    def columns(self) -> list[str]:
        """Columns that it writes, that of the main labels first."""
        return [each for name, codec in self.labels.items() for each in (name, *codec.partners)]

    @property
    def inputs(self) -> list[str]:
        """Input columns: the words, and the columns that the embedding reads too."""
        return [self.data.tokens, *dict.fromkeys(name for codec in self.codecs.values() for name in codec.columns)]

    @overload
    def tag(
        self, sentences: str | Mapping[str, list[str]], *, pretokenized: bool = False, best: int = 0
    ) -> Tagging: ...
    @overload
    def tag(
        self,
        sentences: list[str] | list[list[str]] | list[Mapping[str, list[str]]],
        *,
        pretokenized: bool = False,
        best: int = 0,
    ) -> list[Tagging]: ...
    @overload
    def tag(self, sentences: Iterator[Sentence], *, pretokenized: bool = False, best: int = 0) -> Iterator[Tagging]: ...

    def tag(
        self,
        sentences: Sentence | list[list[str]] | list[Mapping[str, list[str]]] | Iterator[Sentence],
        *,
        pretokenized: bool = False,
        best: int = 0,
    ) -> Tagging | list[Tagging] | Iterator[Tagging]:
        """Tag one sentence, a list of sentences, or a stream of sentences.

        Args:
            sentences: Text, split into words by rule; or, for a sentence that is a list, the words themselves; or, for
                one that is a table, `inputs` by name.
            pretokenized: Split text at blanks only.
            best: Also give the n best tag sequences of each sentence; the decoder must be a `crf`.

        Returns:
            A `Tagging` for a string or a table, a list for a list or a column, and for an iterator another one that
            reads ahead no further than a few thousand sentences.

        Raises:
            seqnlp.errors.UsageError: for a sentence without the columns that the tagger reads beside the words; for
                a decoder that can't rank sequences.
        """
        self._check_best(best)
        if isinstance(sentences, str | Mapping):
            return self._tag([self._split(sentences, pretokenized)], best)[0]
        split = (self._split(each, pretokenized) for each in _sentences(sentences))
        is_stream = isinstance(sentences, Iterator)
        stream = stream_in_windows(split, lambda window: self._tag(window, best), are_there=not is_stream)
        return stream if is_stream else list(stream)

    def alternatives(
        self, sentence: Sentence, number: int, *, pretokenized: bool = False
    ) -> dict[str, list[list[tuple[str, float]]]]:
        """Likeliest labels of each word with their probabilities, the likeliest first.

        Labels of spans are written in the scheme of the corpus, as far as one word tells. A column of heads is left
        out: these are no choice among labels.

        Args:
            sentence: As in `tag`.
            number: Labels of each word, at most.
            pretokenized: Split text at blanks only.

        Returns:
            For each label column a list for each word.
        """
        split = self._split(sentence, pretokenized)
        text = self._encoded([split])
        found: dict[str, list[list[tuple[str, float]]]] = {}
        for column, codec in self.labels.items():
            names = {part: decoder_name(column, part) for part in codec.decoders}
            if not all(isinstance(self.model.decoders[name], LabelModule) for name in names.values()):
                continue
            found[column] = []
            if split.words:
                shares = {part: label_probabilities(self.model, text, name) for part, name in names.items()}
                merges = self.data.scheme != self.data.encoding
                rows = codec.ranked(shares, text.words, None if merges else number)
                found[column] = [self._merged(row)[:number] for row in rows]
        return found

    def _merged(self, shares: list[tuple[str, float]]) -> list[tuple[str, float]]:
        """Labels in the scheme of the corpus: those that it writes alike are one, with the sum of their shares."""
        data = self.data
        if data.scheme is None or data.encoding is None or data.scheme == data.encoding:
            return shares
        return ranked_labels((rewritten(label, data.encoding, data.scheme), share) for label, share in shares)

    def _encoded(self, sentences: list[_Split]) -> EncodedText:
        words = Column.from_rows([sentence.words for sentence in sentences])
        columns = {name: Column.from_rows([each.columns[name] for each in sentences]) for name in self.inputs[1:]}
        return EncodedText.encode(TokenizedText(words, columns), self.codecs)

    def _split(self, sentence: Sentence, pretokenized: bool) -> _Split:
        tokens, *given = self.inputs
        if isinstance(sentence, Mapping):
            missing = [name for name in self.inputs if name not in sentence]
            if missing:
                raise UsageError(f"no column {missing[0]!r} in the sentence; it has {', '.join(sentence) or 'none'}")
            words = sentence[tokens]
            for name in given:
                if len(sentence[name]) != len(words):
                    raise UsageError(f"{len(words)} words, but {len(sentence[name])} in column {name!r}")
            return _Split(words, None, False, sentence)
        if given:
            raise UsageError(
                f"this tagger reads {', '.join(map(repr, given))} beside the words: give it columns, in a CoNLL-U "
                "file or another one with --columns, or from Python a table"
            )
        if isinstance(sentence, list):
            return _Split(sentence, None, False, {})
        words = sentence.split() if pretokenized else words_of(sentence)
        return _Split(words, sentence, not pretokenized, {})

    def _tag(self, sentences: list[_Split], best: int) -> list[Tagging]:
        text = self._encoded(sentences)
        tags, scores = predict_tags(self.model, text, self.labels)
        taggings = self._taggings(sentences, tags, scores)
        if not best:
            return taggings
        return [replace(tagging, best=found) for tagging, found in zip(taggings, self._best(text, best), strict=True)]

    def _check_best(self, best: int) -> None:
        if best < 0:
            raise UsageError(f"best {best}: expected 1 or more")
        BEST.check(best=best or 1)
        if best and not isinstance(self.model.decoders.get(self.columns[0]), CrfTagger):
            raise UsageError(
                f"only a decoder of the kind crf can rank sequences of tags; that of {self.columns[0]!r} is another"
            )

    def _best(self, text: EncodedText, number: int) -> list[list[TagSequence]]:
        first = self.columns[0]
        labels = self.labels[first]
        found = best_sequences(self.model, text, first, number)
        numbers = Ragged.from_rows([numbers.tolist() for own in found for numbers, _ in own])
        rows = np.repeat(np.arange(len(found)), [len(own) for own in found])
        words = Column(text.codes.take(rows), text.words.distinct)
        column = in_scheme_of_corpus(labels.decode_column({ONLY: numbers.values}, words), self.data)
        names = iter(column.rows())
        return [[TagSequence(next(names), logprob) for _, logprob in own] for own in found]

    def _taggings(
        self, sentences: list[_Split], tags: dict[str, Column], scores: dict[str, NDArray[np.float32]]
    ) -> list[Tagging]:
        data, first = self.data, self.columns[0]
        spans = None
        if data.scheme is not None and data.encoding is not None:
            found, bounds = read_spans(tags[first], data.encoding), tags[first].codes.offsets
            if data.encoding != data.scheme:
                tags = {first: write_spans(found, bounds, data.scheme)}
            spans = _spans(found.starts, found.ends, found.labels.tolist(), bounds, sentences, scores[first])
        written = {name: codec.written(name, tags[name]) for name, codec in self.labels.items()}
        scores = {each: scores[name] for name, columns in written.items() for each in columns}
        tags = {each: column for columns in written.values() for each, column in columns.items()}
        names = {name: np.array(column.distinct, object)[column.codes.values] for name, column in tags.items()}
        lists = {name: values.tolist() for name, values in names.items()}
        score_lists = {name: values.tolist() for name, values in scores.items()}
        offsets = tags[first].codes.offsets.tolist()
        results = []
        for number, (start, end) in enumerate(pairwise(offsets)):
            columns = {name: values[start:end] for name, values in lists.items()}
            column_scores = {name: values[start:end] for name, values in score_lists.items()}
            words, own = sentences[number].words, None if spans is None else spans[number]
            results.append(Tagging(words, columns[first], column_scores[first], columns, column_scores, own))
        return results


def in_scheme_of_corpus(column: Column, data: TagData) -> Column:
    """Write tags of the training scheme in that of the corpus."""
    if data.scheme is None or data.encoding is None or data.encoding == data.scheme:
        return column
    return write_spans(read_spans(column, data.encoding), column.codes.offsets, data.scheme)


def as_in_corpus(column: Column, data: TagData) -> list[str]:
    """Tags of all words, laid end to end; see `in_scheme_of_corpus`."""
    column = in_scheme_of_corpus(column, data)
    return [column.distinct[code] for code in column.codes.values.tolist()]


def _sentences(sentences: Iterable[Any]) -> Iterator[Sentence]:
    """Sentences as texts, words or columns; raises `UsageError` for something else."""
    refuse_columns(sentences)
    for number, each in enumerate(sentences, 1):
        yield each if isinstance(each, Mapping) else checked_text(each, f"sentence {number:,}")


def _spans(
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    labels: list[str],
    offsets: NDArray[np.int64],
    sentences: list[_Split],
    scores: NDArray[np.float32],
) -> list[list[Span]]:
    """Spans of each sentence, with offsets inside it."""
    spans: list[list[Span]] = [[] for _ in sentences]
    places: dict[int, list[tuple[int, int]]] = {}
    rows = (np.searchsorted(offsets, starts, "right") - 1).tolist()
    for row, start, end, label in zip(rows, starts.tolist(), ends.tolist(), labels, strict=True):
        if row not in places:
            places[row] = sentences[row].offsets()
        begin = int(offsets[row])
        first, last = start - begin, end - begin
        score = float(scores[start:end].min())
        start_char, end_char = places[row][first][0], places[row][last - 1][1]
        text = sentences[row].joined[start_char:end_char]
        spans[row].append(Span(label, first, last, start_char, end_char, score, text))
    return spans


class TagPredictions(NamedTuple):
    """Labels by column."""

    tags: dict[str, Column]
    """The label of every word."""
    scores: dict[str, NDArray[np.float32]]
    """The probability that the model gives to it, shape (words,)."""


def predict_tags(model: SequenceModel, text: EncodedText, codecs: Mapping[str, LabelCodec]) -> TagPredictions:
    """Label every word of some sentences.

    Args:
        model: The trained model.
        text: The encoded sentences.
        codecs: Of each column to predict.
    """
    names = [name for column, codec in codecs.items() for name in by_decoder(column, codec)]
    words = len(text.codes.values)
    numbers = {name: np.empty(words, np.int64) for name in names}
    scores = {name: np.empty(words, np.float32) for name in names}

    def predict(rows: NDArray[np.int64]) -> dict[str, tuple[NDArray[Any], NDArray[Any]]]:
        states = model.encode(TextBatch.gather(text, rows))
        own = {name: model.decoders[name].predict(model.read_by(name, states)) for name in names}
        return {
            name: (to_numpy(each.labels[states.mask]), to_numpy(each.scores[states.mask])) for name, each in own.items()
        }

    batches = in_order(text.codes.lengths, EVALUATION_TOKENS)
    for rows, predicted in zip(batches, in_parallel(predict, batches, model.device), strict=True):
        positions, _ = text.codes.positions(rows)
        for name, (own_numbers, own_scores) in predicted.items():
            numbers[name][positions], scores[name][positions] = own_numbers, own_scores
    found = TagPredictions({}, {})
    for column, codec in codecs.items():
        own = {part: decoder_name(column, part) for part in codec.decoders}
        found.tags[column], found.scores[column] = codec.decode_likeliest(
            {part: numbers[name] for part, name in own.items()},
            {part: scores[name] for part, name in own.items()},
            text.words,
        )
    for column, codec in codecs.items():
        others = {name: found.tags[name] for name in codec.reads_labels if name in codecs}
        found.tags[column] = codec.revised(found.tags[column], text.words, others)
    return found


def label_probabilities(model: SequenceModel, text: EncodedText, name: str) -> NDArray[np.float32]:
    """Probability of every label of a decoder at each word; shape (words, labels)."""
    found: list[NDArray[np.float32]] = [np.empty((0, 0), np.float32)] * len(text.codes.lengths)

    def predict(rows: NDArray[np.int64]) -> NDArray[Any]:
        states = model.encode(TextBatch.gather(text, rows))
        return to_numpy(model.decoder(name, LabelModule).probabilities(model.read_by(name, states)))

    batches = in_order(text.codes.lengths, EVALUATION_TOKENS)
    for rows, shares in zip(batches, in_parallel(predict, batches, model.device), strict=True):
        for row, own in zip(rows.tolist(), shares, strict=True):
            found[row] = own[: int(text.codes.lengths[row])]
    return np.concatenate(found)


def best_sequences(
    model: SequenceModel, text: EncodedText, name: str, number: int
) -> list[list[tuple[NDArray[np.int64], float]]]:
    """Find the n best label sequences of each sentence by a CRF."""
    decoder = model.decoder(name, CrfTagger)
    found: list[list[tuple[NDArray[np.int64], float]]] = [[] for _ in text.codes.lengths]

    def predict(rows: NDArray[np.int64]) -> None:
        states = model.encode(TextBatch.gather(text, rows))
        paths = decoder.best(model.read_by(name, states), number)
        for row, labels, scores in zip(rows.tolist(), to_numpy(paths.labels), paths.scores.tolist(), strict=True):
            length = int(text.codes.lengths[row])
            ranked = zip(labels[:, :length], scores, strict=True)
            found[row] = [(own, score) for own, score in ranked if math.isfinite(score)]

    for _ in in_parallel(predict, in_order(text.codes.lengths, EVALUATION_TOKENS), model.device):
        pass
    return found
