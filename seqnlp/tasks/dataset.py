"""Datasets of sequences that are batched by their lengths."""

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from seqnlp.training import EncodedDataset
from seqnlp.training.batches import in_order, plan

EVALUATION_TOKENS = 3000
"""Steps of a batch that no gradient is needed for."""


class BucketedDataset(EncodedDataset, ABC):
    """Encoded sequences; those of about the same length are trained on together."""

    batch_tokens: int
    """Steps of a training batch, padding included."""

    @property
    @abstractmethod
    def lengths(self) -> NDArray[np.int64]:
        """Steps of each row; shape (rows,)."""

    @property
    @abstractmethod
    def row_items(self) -> NDArray[np.int64]:
        """Items of each row: words, texts or target tokens; shape (rows,)."""

    @property
    def items(self) -> int:
        """Items of the split."""
        return int(self.row_items.sum())

    def items_in(self, rows: NDArray[np.int64]) -> int:
        """Items of a batch."""
        return int(self.row_items[rows].sum())

    def plan(self, seed: int, epoch: int) -> list[NDArray[np.int64]]:
        """Batches of rows of about the same length."""
        return plan(self.lengths, self.batch_tokens, seed, epoch)

    def in_order(self) -> list[NDArray[np.int64]]:
        """Large batches, every row once, but for those without a step."""
        return in_order(self.lengths, EVALUATION_TOKENS)
