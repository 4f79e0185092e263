"""A trained segmenter: running text in, sentences out."""

from collections.abc import Iterable, Iterator
from itertools import compress, pairwise
from typing import Any, ClassVar, final, overload

import numpy as np
import torch
from numpy.typing import NDArray

from seqnlp.codecs.running_text import CharacterText
from seqnlp.decoders.linear import LinearTagger
from seqnlp.model import SequenceModel
from seqnlp.nn.device import to_numpy
from seqnlp.notes import note
from seqnlp.tasks.base import Predictor
from seqnlp.tasks.columns import Columns, column_of, is_missing
from seqnlp.tasks.segment.characters import MARGIN, Characters, CharacterStream, Window, continues, paragraph_windows
from seqnlp.tasks.segment.corpus import INSIDE, MULTIWORD, MULTIWORD_SENTENCE, SENTENCE, TOKEN
from seqnlp.tasks.segment.dataset import BOUNDARY, Encoded, character_batch
from seqnlp.tasks.segment.expander import TokenExpander
from seqnlp.tasks.segment.result import SegmentedSentence, Token
from seqnlp.training.dataset import in_order
from seqnlp.training.inference import in_parallel

BATCH = 4096
"""Characters that are labelled at once."""
CHUNK = 1 << 17
"""Characters of a text in memory that are read at once."""
LONGEST = 20_000
"""Characters of a sentence, at most, without whitespace: a longer one is cut, so that memory stays flat."""


@final
class Segmenter(Predictor):
    """A trained segmenter: `segmenter.segment("It rains. We stay.")`."""

    task: ClassVar[str] = "segment"

    def __init__(self, model: SequenceModel, codec: CharacterText, expander: TokenExpander) -> None:
        """Store a model and its codecs.

        Args:
            model: The trained model.
            codec: Vocabulary of characters.
            expander: Finds the words of multiword tokens.
        """
        self.model, self.codec, self.expander = model.eval(), codec, expander

    def predict(self, lines: Iterable[str]) -> Iterator[SegmentedSentence]:
        """Segment running text that comes in lines; an empty one ends a paragraph."""
        return self.segment(f"{line}\n" for line in lines)

    def predict_columns(self, columns: Columns, column: str | None) -> dict[str, list[Any]]:
        """Segment each text by itself: `sentences`, and the `tokens` of each."""
        texts = column_of(columns, column or self.input_column)
        found = [self.segment("" if is_missing(text) else str(text)) or None for text in texts]
        return {
            "sentences": [each and [sentence.text for sentence in each] for each in found],
            "tokens": [each and [[token.text for token in sentence.tokens] for sentence in each] for each in found],
        }

    @overload
    def segment(self, text: str) -> list[SegmentedSentence]: ...
    @overload
    def segment(self, text: Iterator[str]) -> Iterator[SegmentedSentence]: ...

    def segment(self, text: str | Iterator[str]) -> list[SegmentedSentence] | Iterator[SegmentedSentence]:
        """Find the sentences, tokens and words of running text.

        Args:
            text: The text; or an iterator of its chunks, cut anywhere. Where they are cut has no influence.

        Returns:
            The sentences: a list, or for an iterator another one, which reads no further ahead than a thousand
            characters and a chunk.
        """
        if isinstance(text, str):
            return list(self._segment(text[place : place + CHUNK] for place in range(0, len(text), CHUNK)))
        return self._segment(text)

    def _segment(self, chunks: Iterator[str]) -> Iterator[SegmentedSentence]:
        stream, assembler = CharacterStream(), _Assembler(self.expander)
        pending = Characters.empty()
        begin = first = 0  # of the open paragraph, and of its first character without a label; indices in `pending`
        for chunk in chunks:
            assembler.text += chunk
            pending = pending.joined(stream.feed(chunk))
            begin, first, labels = self._label(pending, begin, first)
            yield from assembler.add(labels)
            kept = max(begin, first - MARGIN)
            pending, begin, first = pending.part(kept), begin - kept, first - kept
        pending = pending.joined(stream.end())
        _, _, labels = self._label(pending, begin, first)
        yield from assembler.add(labels)
        assembler.finish()

    def _label(self, characters: Characters, begin: int, first: int) -> tuple[int, int, list["_Labelled"]]:
        """Label all characters whose windows are complete.

        Returns:
            The new `begin` and `first`, and the labelled characters.
        """
        windows: list[Window] = []
        for end in (np.flatnonzero(characters.paragraph_end[first:]) + first + 1).tolist():
            windows += paragraph_windows(begin, first, end, is_whole=True)
            begin = first = end
        windows += paragraph_windows(begin, first, len(characters), is_whole=False)
        if not windows:
            return begin, first, []
        found = self._predict(characters, windows)
        start, last = windows[0].first, windows[-1].last
        return begin, max(first, last), [_Labelled(characters.part(start, last), found)]

    def _predict(self, characters: Characters, windows: list[Window]) -> NDArray[np.int64]:
        """Label of each character from the first window to the last."""
        encoded = Encoded.encode(characters.codes, self.codec)
        start = windows[0].first
        found = np.zeros(windows[-1].last - start, np.int64)
        bounds = np.array([(each.start, each.first, each.last, each.end) for each in windows], np.int64)
        decoder = self.model.decoder(BOUNDARY, LinearTagger)

        def work(rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[Any]]:
            lengths = bounds[rows, 3] - bounds[rows, 0]
            ends = np.cumsum(lengths)
            places = np.arange(int(ends[-1])) + np.repeat(bounds[rows, 0] - (ends - lengths), lengths)
            states = self.model.encode(character_batch(encoded, characters.blank_after, places, lengths))
            labels = to_numpy(choose(torch.softmax(decoder.logits(states), -1))[states.mask])
            kept = (places >= np.repeat(bounds[rows, 1], lengths)) & (places < np.repeat(bounds[rows, 2], lengths))
            return places[kept] - start, labels[kept]

        lengths = bounds[:, 3] - bounds[:, 0]
        budget = min(BATCH, int(lengths.sum()) // torch.get_num_threads() + 1)
        for places, labels in in_parallel(work, in_order(lengths, budget), self.model.device):
            found[places] = labels
        part = characters.part(start, windows[-1].last)
        found[continues(characters)[start : windows[-1].last]] = INSIDE
        if not self.expander.expansions.blanks_inside:
            found[(found == INSIDE) & part.blank_after] = TOKEN
        ends = part.paragraph_end
        found[ends & (found <= TOKEN)] = SENTENCE
        found[ends & (found == MULTIWORD)] = MULTIWORD_SENTENCE
        return found


def choose(shares: torch.Tensor) -> torch.Tensor:
    """Choose a label for each step by three decisions: token end, sentence end, multiword token.

    Each is taken by the sum of the probabilities of the labels that say so.

    Args:
        shares: Probabilities; shape (batch, time, labels), with or without the labels of multiword tokens.
    """
    is_end = shares[..., INSIDE] < 0.5
    sentence, several = shares[..., SENTENCE], torch.zeros_like(is_end)
    if shares.shape[-1] > MULTIWORD:
        sentence = sentence + shares[..., MULTIWORD_SENTENCE]
        several = shares[..., MULTIWORD:].sum(-1) > 0.5 * (1 - shares[..., INSIDE])
    return is_end * (TOKEN + (sentence > 0.5).long() + 2 * several.long())


@final
class _Labelled:
    """Characters of a text in order, and their labels."""

    def __init__(self, characters: Characters, labels: NDArray[np.int64]) -> None:
        self.characters, self.labels = characters, labels


@final
class _Assembler:
    """Sentences of characters that come labelled, part by part."""

    def __init__(self, expander: TokenExpander) -> None:
        self.expander, self._has_blanks = expander, expander.expansions.blanks_inside
        self.text, self._base = "", 0
        """Text from the first character on that is in no sentence yet, and its index."""
        self._tokens: list[Token] = []
        self._start: int | None = None
        """Index of the first character of the token that has begun."""
        self._size = 0
        """Characters of the sentence so far."""
        self._begins, self._cut = True, 0

    def add(self, parts: list[_Labelled]) -> Iterator[SegmentedSentence]:
        """Add characters; yields the sentences that they end."""
        for part in parts:
            labels, cuts = _cut_long(part.labels, self._size)
            self._cut += cuts
            ends = np.flatnonzero(labels)
            offsets = part.characters.offsets
            after = np.minimum(ends + 1, len(offsets) - 1)
            table = (
                labels[ends],
                offsets[ends] + 1,
                part.characters.blank_after[ends],
                part.characters.paragraph_end[ends],
            )
            if self._start is None and len(offsets):
                self._start = int(offsets[0])
            columns = [column.tolist() for column in table]
            after_ends = offsets[after].tolist()
            starts = [self._start, *after_ends[:-1]]
            several = [label >= MULTIWORD for label in columns[0]]
            places = zip(starts, columns[1], strict=False)
            texts = [self._token_text(*place) for place in places]
            words = self.expander.expand(compress(texts, several))
            last_end = -1
            for text, start, is_multiword, label, end, blank, paragraph in zip(
                texts, starts, several, *columns, strict=False
            ):
                self._tokens.append(Token(text, start, end, words[text] if is_multiword else (text,)))
                last_end = end
                if label in (SENTENCE, MULTIWORD_SENTENCE):
                    yield self._sentence(blank)
                    self._begins = paragraph
            if after_ends:
                self._start = after_ends[-1]
            if len(ends) and ends[-1] == len(labels) - 1:
                self._start = None
            sentences = np.flatnonzero((labels == SENTENCE) | (labels == MULTIWORD_SENTENCE))
            self._size = len(labels) - 1 - int(sentences[-1]) if len(sentences) else self._size + len(labels)
            self._forget(last_end)

    def finish(self) -> None:
        """Tell what was cut."""
        if self._cut:
            note(f"{self._cut:,} sentences without an end for {LONGEST:,} characters were cut")

    def _token_text(self, start: int, end: int) -> str:
        text = self.text[start - self._base : end - self._base]
        return " ".join(text.split()) if self._has_blanks and not text.isalnum() else text

    def _sentence(self, blank: bool) -> SegmentedSentence:
        tokens, self._tokens = self._tokens, []
        text = self.text[tokens[0].start - self._base : tokens[-1].end - self._base]
        return SegmentedSentence(" ".join(text.split()), tokens, self._begins, blank)

    def _forget(self, last_end: int) -> None:
        """Drop the text before the sentence that has begun."""
        if self._tokens:
            place = self._tokens[0].start
        elif self._start is not None:
            place = self._start
        else:
            place = max(last_end, self._base)
        self.text, self._base = self.text[place - self._base :], place


def _cut_long(labels: NDArray[np.int64], size: int) -> tuple[NDArray[np.int64], int]:
    """End sentences that would have more than `LONGEST` characters; `size` is that of the one that has begun.

    Each is cut there, if need be in the middle of a token.

    Returns:
        The labels, and the number of cuts.
    """
    is_end = (labels == SENTENCE) | (labels == MULTIWORD_SENTENCE)
    bounds = [-size, *(np.flatnonzero(is_end) + 1).tolist(), len(labels)]
    if max(end - start for start, end in pairwise(bounds)) < LONGEST:
        return labels, 0
    found, cuts = labels.copy(), 0
    for start, end in pairwise(bounds):
        while end - start >= LONGEST:
            place = start + LONGEST - 1
            if not is_end[place]:
                found[place], cuts = MULTIWORD_SENTENCE if found[place] == MULTIWORD else SENTENCE, cuts + 1
            start = place + 1
    return found, cuts
