"""Encoded texts and their classes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, final

import numpy as np
import torch
from numpy.typing import NDArray

from seqnlp.arrays import Ragged
from seqnlp.codecs import Column, Labels, NGrams, WordCodec
from seqnlp.codecs.labels import UNSEEN
from seqnlp.codecs.splitter import words_of
from seqnlp.codecs.text import Text
from seqnlp.embeddings import TextBatch
from seqnlp.embeddings.ngrams import INSIDE, phrases_of
from seqnlp.errors import DataError
from seqnlp.model import Batch
from seqnlp.training import EncodedDataset
from seqnlp.training.batches import in_order, plan

if TYPE_CHECKING:
    from datasets import Dataset

EVALUATION_TOKENS = 3000
"""Steps of a batch that no gradient is needed for."""

LABEL = "label"
"""The name of the one decoder."""


def split_texts(split: "Dataset", name: str) -> Column:
    """The words of a column of raw texts; equal texts are split once.

    Raises:
        seqnlp.errors.DataError: what `Column.from_dataset` raises, and a text without words.
    """
    texts = Column.from_dataset(split, name)
    if len(texts.codes.values) != len(texts.codes):
        raise DataError(f"column {name!r} holds lists of texts; expected one a row (lists of words: data.tokens)")
    words = Column.from_rows([words_of(text) for text in texts.distinct])
    return checked(Column(words.codes.take(texts.codes.values), words.distinct), name)


def checked(words: Column, name: str) -> Column:
    """The same column, if no row of it is empty.

    Raises:
        seqnlp.errors.DataError: naming the first row without words.
    """
    empty = np.flatnonzero(words.codes.lengths == 0)
    if len(empty):
        more = f" (nor do {len(empty) - 1:,} more)" if len(empty) > 1 else ""
        raise DataError(f"column {name!r}: row {empty[0] + 1} has no words{more}; a text needs at least one")
    return words


def encoded(words: Column, views: Mapping[str, WordCodec], ngrams: NGrams | None) -> Text:
    """Texts as numbers, those of their n-grams included."""
    if ngrams is None:
        return Text.encode(words, views)
    phrases = {phrases_of(length): ends for length, ends in ngrams.phrases(words).items()}
    text = Text.encode(words, views, phrases)
    return replace(text, features={**text.features, INSIDE: ngrams.inside(words.distinct)})


def read_labels(split: "Dataset", name: str, several: bool) -> Column:
    """The label column.

    Raises:
        seqnlp.errors.DataError: what `Column.from_dataset` raises; a row with no label, or with many where there
            should be one.
    """
    labels = Column.from_dataset(split, name)
    odd = np.flatnonzero(labels.codes.lengths != 1)
    if not several and len(odd):
        found = labels.codes.lengths[odd[0]]
        raise DataError(
            f"column {name!r}: row {odd[0] + 1} has {found} labels; expected one (data.multilabel = true allows more)"
        )
    return labels


@final
class ClassifyDataset(EncodedDataset):
    """Texts as numbers, with the numbers of their labels."""

    def __init__(
        self, words: Column, text: Text, labels: Ragged, unseen: list[str], classes: int | None, batch_tokens: int
    ) -> None:
        """Take the encoded columns.

        Args:
            words: The words.
            text: The same, encoded.
            labels: The numbers of each text's labels.
            unseen: The labels that train did not have.
            classes: How many classes there are, if a text may have several; None if each has one.
            batch_tokens: Steps of a training batch.
        """
        self.words, self.text = words, text
        self.labels, self.unseen, self.classes = labels, unseen, classes
        self.batch_tokens = batch_tokens

    @classmethod
    def encode(
        cls,
        words: Column,
        labels: Column,
        views: Mapping[str, WordCodec],
        codec: Labels,
        several: bool,
        batch_tokens: int,
        ngrams: NGrams | None = None,
    ) -> "ClassifyDataset":
        """Encode a split's columns."""
        numbers = codec.encode(labels.distinct)
        unseen = [label for label, number in zip(labels.distinct, numbers, strict=True) if number == UNSEEN]
        gold = Ragged(numbers[labels.codes.values], labels.codes.offsets)
        text = encoded(words, views, ngrams)
        return cls(words, text, gold, unseen, len(codec) if several else None, batch_tokens)

    def viewed(self, views: Mapping[str, WordCodec]) -> "ClassifyDataset":
        """The same texts and labels, the words encoded in another way."""
        text = Text.encode(self.words, views)
        return ClassifyDataset(self.words, text, self.labels, self.unseen, self.classes, self.batch_tokens)

    @property
    def items(self) -> int:
        """Texts."""
        return len(self.labels)

    def plan(self, seed: int, epoch: int) -> list[NDArray[np.int64]]:
        """Texts of about the same length together."""
        return plan(self.text.codes.lengths, self.batch_tokens, seed, epoch)

    def in_order(self) -> list[NDArray[np.int64]]:
        """Large batches, every text once."""
        return in_order(self.text.codes.lengths, EVALUATION_TOKENS)

    def items_in(self, rows: NDArray[np.int64]) -> int:
        """Texts of a batch."""
        return len(rows)

    def batch(self, rows: NDArray[np.int64]) -> Batch:
        """Gather some texts."""
        inputs = TextBatch.of(self.text.batch(rows))
        return Batch(inputs, {LABEL: torch.from_numpy(self.gold(rows))}, len(rows))

    @property
    def missing(self) -> NDArray[np.int64]:
        """How many of each text's labels train did not have; shape (texts,)."""
        unseen = np.concatenate([[0], np.cumsum(self.labels.values == UNSEEN)])
        missing: NDArray[np.int64] = np.diff(unseen[self.labels.offsets])
        return missing

    def gold(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """What is right.

        Returns:
            The class of each text, shape (rows,), or, where a text may have several labels, 1 for each that it
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
