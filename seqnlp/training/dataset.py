"""Encoded datasets, and their batches: token budgets, bucketed by length."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import chain
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from seqnlp.arrays import BLOCK
from seqnlp.model import Batch

EVALUATION_TOKENS = 3000
"""Steps of a batch that no gradient is needed for."""


class EncodedDataset(ABC):
    """Encoded split from which batches are gathered."""

    carries_state: ClassVar[bool] = False
    """True if each batch continues the one before, so that the encoder's state is carried over."""
    state_reset: float = 0.0
    """Probability that a carried state is reset to zero before a batch."""

    @property
    @abstractmethod
    def items(self) -> int:
        """Words (characters, target tokens) in the split."""

    @property
    def steps(self) -> int:
        """Size of an epoch in the unit of `training.batch_tokens`."""
        return self.items

    @property
    def least_batch(self) -> int:
        """Least `training.batch_tokens` that a batch needs."""
        return 1

    @abstractmethod
    def plan(self, seed: int, epoch: int) -> Sequence[NDArray[np.int64]]:
        """Batches of an epoch of training, each as row numbers; a pure function of its arguments."""

    @abstractmethod
    def in_order(self) -> Sequence[NDArray[np.int64]]:
        """Batches that cover every row once, for evaluation."""

    @abstractmethod
    def batch(self, rows: NDArray[np.int64]) -> Batch:
        """Gather one batch."""

    @abstractmethod
    def items_in(self, rows: NDArray[np.int64]) -> int:
        """Words (characters, target tokens) in a batch."""

    def carried(self, rows: NDArray[np.int64], state: list[Tensor]) -> list[Tensor]:
        """State that a batch begins with.

        Args:
            rows: The batch.
            state: The state after the batch before; the first axis of each tensor is the batch.
        """
        return state

    def shares(self, rows: NDArray[np.int64], number: int) -> list[NDArray[np.int64]]:
        """Divide a batch among replicas; a share may be empty."""
        return [rows[first::number] for first in range(number)]


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
        return int(self.row_items.sum())

    @property
    def steps(self) -> int:
        return int(self.lengths.sum())

    @property
    def least_batch(self) -> int:
        return int(self.lengths.max(initial=1))

    def items_in(self, rows: NDArray[np.int64]) -> int:
        return int(self.row_items[rows].sum())

    def plan(self, seed: int, epoch: int) -> list[NDArray[np.int64]]:
        """Batches of rows of about the same length."""
        return plan(self.lengths, self.batch_tokens, seed, epoch)

    def in_order(self) -> list[NDArray[np.int64]]:
        """Large batches, every row once, but for those without a step."""
        return in_order(self.lengths, EVALUATION_TOKENS)


def plan(lengths: NDArray[np.int64], budget: int, seed: int, epoch: int, block: int = 0) -> list[NDArray[np.int64]]:
    """Plan an epoch's batches from the arguments alone: a training can resume at any batch.

    Sequences of about the same length come together, other ones in each epoch; batches come in random order.

    Args:
        lengths: Steps of each sequence; shape (sequences,).
        budget: Steps of a batch, padding included. A longer sequence is a batch by itself.
        seed: The recipe's seed.
        epoch: Counted from 0.
        block: Number of the block in a corpus that is planned block by block.

    Returns:
        Row numbers of each batch; together every row once, but for those without a step.
    """
    random = np.random.default_rng(np.random.SeedSequence([seed, epoch], spawn_key=(block,) if block else ()))
    blurred = lengths * random.uniform(0.9, 1.1, len(lengths)) + random.uniform(0, 1, len(lengths))
    order = _filled(np.argsort(blurred), lengths)
    batches = [order[start:end] for start, end in _cut(lengths[order], budget)]
    random.shuffle(batches)
    return batches


def in_order(lengths: NDArray[np.int64], budget: int) -> list[NDArray[np.int64]]:
    """Plan batches for evaluation, the longest sequences first; each row once, but for those without a step."""
    order = _filled(np.argsort(-lengths, kind="stable"), lengths)
    return [order[start:end] for start, end in _cut(lengths[order], budget)]


def _filled(rows: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    return rows[lengths[rows] > 0]


def _cut(lengths: NDArray[np.int64], budget: int) -> list[tuple[int, int]]:
    cuts, start, longest = [], 0, 0
    blocks = (
        lengths[at : at + BLOCK].tolist() for at in range(0, len(lengths), BLOCK)
    )  # a Python integer has 32 bytes
    for position, length in enumerate(chain.from_iterable(blocks)):
        longest = max(longest, length)
        if position > start and longest * (position + 1 - start) > budget:
            cuts.append((start, position))
            start, longest = position, length
    if len(lengths):
        cuts.append((start, len(lengths)))
    return cuts
