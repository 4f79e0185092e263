"""The contract between a task's data and the loop."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from seqnlp.model import Batch


class EncodedDataset(ABC):
    """An encoded split, from which batches are gathered."""

    carries_state: ClassVar[bool] = False
    """Whether a batch goes on where the last one ended, so that the encoder's state is carried over."""

    @property
    @abstractmethod
    def items(self) -> int:
        """Words (characters, target tokens) in the split."""

    @abstractmethod
    def plan(self, seed: int, epoch: int) -> Sequence[NDArray[np.int64]]:
        """The batches of an epoch of training, each as the numbers of its rows; a pure function."""

    @abstractmethod
    def in_order(self) -> Sequence[NDArray[np.int64]]:
        """Batches that cover every row once, for evaluation."""

    @abstractmethod
    def batch(self, rows: NDArray[np.int64]) -> Batch:
        """Gather one batch."""

    @abstractmethod
    def items_in(self, rows: NDArray[np.int64]) -> int:
        """Words (characters, target tokens) in a batch."""

    def shares(self, rows: NDArray[np.int64], number: int) -> list[NDArray[np.int64]]:
        """Share a batch out among replicas; a share may be empty."""
        return [rows[first::number] for first in range(number)]
