"""Split of a segmenter's corpus: sentences joined to running text."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seqnlp.codecs.splitter import split_words
from seqnlp.codecs.text import Column
from seqnlp.errors import DataError
from seqnlp.notes import note
from seqnlp.readers import Conllu, Reader, Text
from seqnlp.readers.empties import FILLED
from seqnlp.readers.files import open_text
from seqnlp.readers.treebank import Break, RawSentence, parse_treebank
from seqnlp.tasks.segment.characters import Characters

INSIDE, TOKEN, SENTENCE, MULTIWORD, MULTIWORD_SENTENCE = range(5)
"""Labels of a character: inside of a token, or the end of a token, a sentence, a multiword token, or both of these."""
NAMES = ("inside", "token", "sentence", "multiword", "multiword_sentence")

PARAGRAPH = "\n\n"
BLOCK = 20
"""Sentences that are drawn together where a corpus has neither documents nor paragraphs."""
FEW_BLANKS = 50
"""Characters for each blank from which on sentences are taken for a script without blanks."""


@dataclass(frozen=True)
class SegmentSplit:
    """Sentences of a corpus, in order."""

    name: str
    """Name in messages."""
    sentences: Sequence[RawSentence]

    def __len__(self) -> int:
        return len(self.sentences)

    def select(self, rows: NDArray[np.int64]) -> "SegmentSplit":
        """Select sentences."""
        return SegmentSplit(self.name, [self.sentences[row] for row in rows.tolist()])

    @cached_property
    def _joined(self) -> tuple[str, list[int]]:
        """Running text of all sentences, and where each begins."""
        parts: list[str] = []
        starts: list[int] = []
        place, blank = 0, ""
        for sentence in self.sentences:
            between = (PARAGRAPH if sentence.before else blank) if parts else ""
            place += len(between)
            starts.append(place)
            parts += [between, sentence.text]
            place += len(sentence.text)
            blank = " " if sentence.space_after else ""
        return "".join(parts), starts

    @property
    def text(self) -> str:
        """Running text: paragraphs with a blank line between them."""
        return self._joined[0]

    @property
    def starts(self) -> list[int]:
        """Index in the text at which each sentence begins."""
        return self._joined[1]

    @cached_property
    def characters(self) -> Characters:
        """Characters of the text."""
        return Characters.of(self.text)

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """Label of each character; shape (characters,)."""
        ends, kinds = [], []
        for start, sentence in zip(self.starts, self.sentences, strict=True):
            last = len(sentence.spans) - 1
            for index, (_, end) in enumerate(sentence.spans):
                ends.append(start + end - 1)
                several = index in sentence.multiword
                kinds.append((SENTENCE if index == last else TOKEN) + (2 if several else 0))
        found = np.zeros(len(self.characters), np.int64)
        found[np.searchsorted(self.characters.offsets, ends)] = kinds
        return found

    @property
    def multiword(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Multiword tokens, each with its words."""
        for sentence in self.sentences:
            for index, words in sentence.multiword.items():
                start, end = sentence.spans[index]
                yield sentence.text[start:end], words

    @property
    def blanks_inside(self) -> bool:
        """True if a token has a blank in it."""
        return any(len(token.split()) > 1 for sentence in self.sentences for token in sentence.tokens)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the text and its labels."""
        digest = hashlib.sha256(self.text.encode("utf-8", "surrogatepass"))
        digest.update(self.labels.astype(np.int8).tobytes())
        digest.update(repr(list(self.multiword)).encode("utf-8", "surrogatepass"))
        return digest.hexdigest()

    @property
    def groups(self) -> NDArray[np.int64]:
        """Number of the document of each sentence; without documents of the paragraph, or of a block of sentences."""
        for kinds in (("newdoc",), ("newdoc", "newpar")):
            begins = np.array([sentence.before in kinds for sentence in self.sentences], np.int64)
            if begins[1:].sum() > 1:
                return np.cumsum(begins)
        return np.arange(len(self.sentences), dtype=np.int64) // BLOCK


def read_split(place: str | Path, reader: Reader, column: str, by_rules: bool, separator: str | None) -> SegmentSplit:
    """Read a split of a treebank, or of plain sentences.

    Args:
        place: Located source of the split.
        reader: Its reader.
        column: Column of the sentences, where the reader makes a table.
        by_rules: Split plain sentences into tokens by rules; otherwise at blanks.
        separator: What stands between plain sentences; None: a blank, or nothing in scripts without blanks.

    Raises:
        seqnlp.errors.DataError: what the reader raises; no sentences.
    """
    path, part = reader.split_slice(str(place)) if reader.reads_files else (str(place), "")
    if isinstance(reader, Conllu):
        found = list(parse_treebank(open_text(Path(path), reader.encoding), path))
    else:
        texts = list(_plain(place, Path(path), reader, column, bool(part)))
        found = plain_sentences(texts, by_rules, separator)
    if not found:
        raise DataError("no sentences in it", place)
    split = SegmentSplit(str(place), found)
    if part and isinstance(reader, Conllu):
        split = split.select(np.asarray(reader.slice_rows(range(len(split)), part, path), np.int64))
    return split


def _plain(place: str | Path, path: Path, reader: Reader, column: str, is_slice: bool) -> Iterator[tuple[str, Break]]:
    """Sentences of a list; an empty line in a text file begins a paragraph."""
    if isinstance(reader, Text) and reader.sample_by == "line" and not is_slice:
        before: Break = ""
        for line in open_text(path, reader.encoding):
            if line.strip():
                yield line.strip(), before
            before = "" if line.strip() else "newpar"
        return
    table = reader.load(place, {column: FILLED})
    if column not in table.column_names:
        raise DataError(f"no column {column!r} in it; its columns are {', '.join(table.column_names)}", place)
    sentences = Column.from_dataset(table, column)
    for row in sentences.rows():
        yield " ".join(" ".join(row).split()), ""


def plain_sentences(texts: Sequence[tuple[str, Break]], by_rules: bool, separator: str | None) -> list[RawSentence]:
    """Tokenize plain sentences; the arguments are those of `read_split`."""
    if separator is None:
        blanks = sum(text.count(" ") for text, _ in texts)
        separator = "" if blanks * FEW_BLANKS < sum(len(text) for text, _ in texts) else " "
        if not separator:
            note("there are almost no blanks in the sentences, so none stand between them; data.sentence_separator")
    found = []
    for text, before in texts:
        spans = list(split_words(text)) if by_rules else _between_blanks(text)
        if not spans:
            continue
        spans = [(start, after) for (start, _), (after, _) in pairwise([*spans, (len(text), 0)])]
        spans = [(start, start + len(text[start:end].rstrip())) for start, end in spans]  # no character is left out
        spans[0] = (0, spans[0][1])
        found.append(RawSentence(text, spans, {}, before, separator != ""))
    return found


def _between_blanks(text: str) -> list[tuple[int, int]]:
    place, spans = 0, []
    for word in text.split():
        start = text.index(word, place)
        place = start + len(word)
        spans.append((start, place))
    return spans
