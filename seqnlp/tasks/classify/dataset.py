"""Encoded texts and their classes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, final

import numpy as np
import torch
from numpy.typing import NDArray

from seqnlp.arrays import Ragged
from seqnlp.codecs import Column, EncodedText, RunningText, TextCodec, TokenizedText
from seqnlp.codecs.labels import UNSEEN
from seqnlp.codecs.splitter import words_of
from seqnlp.codecs.tokens import shown, tokenize
from seqnlp.embeddings import TextBatch
from seqnlp.errors import DataError
from seqnlp.model import Batch
from seqnlp.tasks.kept_columns import check_single, codec_digest, distinct_texts, label_column, split_column
from seqnlp.training.dataset import BucketedDataset

if TYPE_CHECKING:
    from datasets import Dataset

LABEL = "label"
"""Name of the decoder."""


def raw_texts(split: "Dataset", name: str) -> Column:
    """Column of raw texts, one a row.

    Raises:
        seqnlp.errors.DataError: what `Column.from_dataset` raises; lists of texts.
    """
    texts = Column.from_dataset(split, name)
    check_single(len(texts.codes.values), len(texts.codes), name)
    return texts


def each_text(split: "Dataset", name: str) -> Iterable[str]:
    """Texts of a column of raw texts, each once; the same errors as `raw_texts`."""
    found = distinct_texts(split, name)
    return raw_texts(split, name).distinct if found is None else found


def split_texts(split: "Dataset", name: str, tokenizer: RunningText | None = None, in_memory: bool = False) -> Column:
    """Words of a column of raw texts, or their tokens; equal texts are split once, large columns are kept.

    Raises:
        seqnlp.errors.DataError: what `raw_texts` raises, and a text without words.
    """
    if tokenizer is None:
        kept = split_column(split, name, "words", _in_words, in_memory=in_memory)
    else:
        of_tokens = partial(tokenize, codec=tokenizer)
        kept = split_column(split, name, f"tokens {codec_digest(tokenizer)}", of_tokens, shown(tokenizer), in_memory)
    if kept is not None:
        return checked(kept, name)
    texts = raw_texts(split, name)
    words = _in_words(texts.distinct) if tokenizer is None else tokenize(texts.distinct, tokenizer)
    return checked(Column(words.codes.take(texts.codes.values), words.distinct), name)


def _in_words(texts: Sequence[str]) -> Column:
    return Column.from_rows([words_of(text) for text in texts])


def checked(words: Column, name: str) -> Column:
    """Check that no row of a column is empty, and return it.

    Raises:
        seqnlp.errors.DataError: naming the first row without words.
    """
    empty = np.flatnonzero(words.codes.lengths == 0)
    if len(empty):
        more = f" (nor do {len(empty) - 1:,} more)" if len(empty) > 1 else ""
        raise DataError(f"column {name!r}: row {empty[0] + 1} has no words{more}; a text needs at least one")
    return words


def read_labels(
    split: "Dataset", name: str, multilabel: bool, separator: str | None = None, in_memory: bool = False
) -> Column:
    """Label column; with a separator, each of its texts is split into labels.

    Raises:
        seqnlp.errors.DataError: what `label_column` raises; a row with no label, or with many where there
            should be one.
    """
    if separator is not None and not holds_lists(split, name):
        texts = label_column(split, name, in_memory)
        parts = Column.from_rows([split_labels(text, separator) for text in texts.distinct])
        return Column(parts.codes.take(texts.codes.values), parts.distinct)
    labels = label_column(split, name, in_memory)
    wrong = np.flatnonzero(labels.codes.lengths != 1)
    if not multilabel and len(wrong):
        found = labels.codes.lengths[wrong[0]]
        raise DataError(
            f"column {name!r}: row {wrong[0] + 1} has {found} labels; expected one (data.multilabel = true allows more)"
        )
    return labels


def holds_lists(split: "Dataset", name: str) -> bool:
    """True for a column of lists."""
    from datasets import LargeList, List

    return isinstance(split.features.get(name), List | LargeList)


def split_labels(text: str, separator: str) -> list[str]:
    """Labels in a text, without the blanks around them; each once."""
    return list(dict.fromkeys(part.strip() for part in text.split(separator) if part.strip()))


@final
@dataclass(frozen=True)
class ClassifyDataset(BucketedDataset):
    """Encoded texts with their labels."""

    text: EncodedText
    labels: Ragged
    """Numbers of each text's labels."""
    unseen: list[str]
    """Labels that train did not have."""
    classes: int | None
    """Number of labels of multilabel texts; None if each text has exactly one."""
    batch_tokens: int
    """Steps of a training batch."""
    notes: tuple[str, ...] = ()
    """Warnings about the labels, one line each."""

    def encoded_by(self, codecs: Mapping[str, TextCodec]) -> "ClassifyDataset":
        """Encode the same texts by other codecs."""
        return replace(self, text=EncodedText.encode(TokenizedText(self.words), codecs))

    @property
    def words(self) -> Column:
        """Words of each text."""
        return self.text.words

    @property
    def lengths(self) -> NDArray[np.int64]:
        return self.text.codes.lengths

    @property
    def row_items(self) -> NDArray[np.int64]:
        return np.ones(len(self.labels), np.int64)

    def items_in(self, rows: NDArray[np.int64]) -> int:
        return len(rows)

    def batch(self, rows: NDArray[np.int64]) -> Batch:
        inputs = TextBatch.gather(self.text, rows)
        return Batch(inputs, {LABEL: torch.from_numpy(self.gold(rows))}, len(rows))

    @property
    def missing(self) -> NDArray[np.int64]:
        """Number of each text's labels that train did not have; shape (texts,)."""
        unseen = np.concatenate([[0], np.cumsum(self.labels.values == UNSEEN)])
        missing: NDArray[np.int64] = np.diff(unseen[self.labels.offsets])
        return missing

    def gold(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Gold classes.

        Returns:
            The class of each text, shape (rows,), or, where a text may have any number of labels, 1 for each that it
            has and 0 for the others, shape (rows, classes).
        """
        if self.classes is None:
            gold: NDArray[np.int64] = self.labels.values[rows]
            return gold
        positions, lengths = self.labels.positions(rows)
        numbers = self.labels.values[positions]
        known = numbers != UNSEEN
        marks = np.zeros((len(rows), self.classes), np.int64)
        marks[np.repeat(np.arange(len(rows)), lengths)[known], numbers[known]] = 1
        return marks
