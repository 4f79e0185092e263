"""Labelled sentences, encoded."""

from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray

from seqnlp.arrays import IntArray, Ragged, look_up, smallest
from seqnlp.codecs import Column, EncodedText
from seqnlp.codecs.labels import UNSEEN
from seqnlp.codecs.vocabulary import UNKNOWN
from seqnlp.embeddings import TextBatch
from seqnlp.model import Batch
from seqnlp.training.dataset import BucketedDataset


@final
@dataclass(frozen=True)
class TagDataset(BucketedDataset):
    """Encoded sentences and their labels."""

    text: EncodedText
    tags: dict[str, Column]
    """Labels of each label column, in the scheme to train in."""
    targets: dict[str, Ragged]
    """Target of each decoder at each word."""
    unseen: dict[str, list[str]]
    """Labels of each label column that train lacks, whole or in part."""
    train_numbers: NDArray[np.int64]
    """Number of each distinct word of `text` in the vocabulary of train."""
    batch_tokens: int
    """Steps of a training batch."""

    @property
    def words(self) -> IntArray:
        """Number of every word in the vocabulary of train; `UNKNOWN` if it lacks it."""
        return look_up(smallest(self.train_numbers), self.text.codes.values)

    @property
    def known(self) -> NDArray[np.bool_]:
        """True for every word that train had."""
        known: NDArray[np.bool_] = self.words != UNKNOWN
        return known

    @property
    def lengths(self) -> NDArray[np.int64]:
        return self.text.codes.lengths

    @property
    def row_items(self) -> NDArray[np.int64]:
        return self.text.codes.lengths

    def items_in(self, rows: NDArray[np.int64]) -> int:
        offsets = self.text.codes.offsets  # the lengths of all rows would be made for every batch
        return int((offsets[rows + 1] - offsets[rows]).sum())

    def batch(self, rows: NDArray[np.int64]) -> Batch:
        inputs = TextBatch.gather(self.text, rows)
        padded = {name: labels.pad(rows, fill=UNSEEN)[0] for name, labels in self.targets.items()}
        targets = {name: torch.from_numpy(labels.astype(np.int64)) for name, labels in padded.items()}
        return Batch(inputs, targets, self.items_in(rows))
