"""Ragged arrays: rows of different lengths as one flat array and its offsets. Every encoded column is one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqnlp.errors import DataError

IntArray = NDArray[np.integer[Any]]

BLOCK = 1 << 18
"""Elements that are looked up at once."""


def look_up(table: NDArray[Any], codes: IntArray) -> NDArray[Any]:
    """Gather `table[codes]` block by block: numpy makes 8 bytes of each index first."""
    found = np.empty((len(codes), *table.shape[1:]), table.dtype)
    for start in range(0, len(codes), BLOCK):
        found[start : start + BLOCK] = table[codes[start : start + BLOCK]]
    return found


def occurrences_of(codes: IntArray, size: int) -> NDArray[np.int64]:
    """Count each number below `size`, block by block: numpy makes 8 bytes of each first."""
    counts = np.zeros(size, np.int64)
    step = max(BLOCK, size)
    for start in range(0, len(codes), step):
        counts += np.bincount(codes[start : start + step], minlength=size)
    return counts


def smallest(numbers: IntArray) -> IntArray:
    """Copy of integers in the smallest signed type."""
    least, most = int(numbers.min(initial=0)), int(numbers.max(initial=0))
    types = (np.int8, np.int16, np.int32, np.int64)
    kind = next(kind for kind in types if np.iinfo(kind).min <= least and most <= np.iinfo(kind).max)
    return numbers.astype(kind)


@dataclass(frozen=True)
class Ragged:
    """Ragged array: row `i` is `values[offsets[i]:offsets[i + 1]]`."""

    values: NDArray[Any]
    """Elements of all rows, in order; shape (total, ...)."""
    offsets: NDArray[np.int64]
    """Start of each row, and the end of the last one; shape (rows + 1,)."""

    @classmethod
    def from_rows(cls, rows: Iterable[Sequence[Any]], dtype: Any = np.int64) -> Ragged:
        """Concatenate rows of Python numbers; for small tables, not for the training path."""
        rows = list(rows)
        offsets = np.zeros(len(rows) + 1, np.int64)
        np.cumsum([len(row) for row in rows], out=offsets[1:])
        flat = [item for row in rows for item in row]
        return cls(np.array(flat, dtype=dtype), offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return (self[row] for row in range(len(self)))

    def __getitem__(self, row: int) -> NDArray[Any]:
        if not 0 <= row < len(self):
            raise IndexError(row)
        return self.values[self.offsets[row] : self.offsets[row + 1]]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Number of elements of each row; shape (rows,)."""
        return np.diff(self.offsets)

    def positions(self, rows: IntArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Indices into `values` of the elements of some rows, in order; also the lengths of those rows."""
        starts = self.offsets[rows]
        lengths = self.offsets[np.asarray(rows) + 1] - starts
        ends = np.cumsum(lengths)
        total = int(ends[-1]) if len(ends) else 0
        return np.arange(total) + np.repeat(starts - (ends - lengths), lengths), lengths

    def enclosed(self, first: int, last: int) -> Ragged:
        """Copy with an element added before and after each row: BEGIN and END, for instance."""
        offsets = self.offsets + 2 * np.arange(len(self) + 1)
        values = np.empty(int(offsets[-1]), self.values.dtype)
        inner = np.ones(len(values), bool)
        inner[offsets[:-1]] = inner[offsets[1:] - 1] = False
        values[offsets[:-1]], values[offsets[1:] - 1], values[inner] = first, last, self.values
        return Ragged(values, offsets)

    def take(self, rows: IntArray) -> Ragged:
        """Select rows, in the order given."""
        positions, lengths = self.positions(rows)
        return Ragged(self.values[positions], np.concatenate([[0], np.cumsum(lengths)]))

    def backward(self) -> Ragged:
        """Copy with the elements of each row in reverse order."""
        mirrored = np.repeat(self.offsets[:-1] + self.offsets[1:] - 1, self.lengths) - np.arange(len(self.values))
        return Ragged(self.values[mirrored], self.offsets)

    def pad(self, rows: IntArray, fill: int = 0) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Select rows and pad them to the longest.

        Returns:
            The values, shape (len(rows), longest, ...), and a mask of shape (len(rows), longest), true on real
            elements.
        """
        positions, lengths = self.positions(rows)
        return _padded(self.values[positions], lengths, fill)


class LazyRows(ABC):
    """Rows of vectors that are computed when they are gathered: states of a frozen network."""

    offsets: NDArray[np.int64]
    """Start of each row among all elements, and the end of the last one; shape (rows + 1,)."""
    shape: tuple[int, ...]
    """Shape of an element."""

    @property
    @abstractmethod
    def key(self) -> str:
        """Digest of all that the values depend on: the network, its settings, and the texts."""

    @abstractmethod
    def compute(self, rows: IntArray) -> NDArray[np.float16]:
        """Elements of some rows, in order; shape (total of these rows, *shape)."""

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Number of elements of each row; shape (rows,)."""
        return np.diff(self.offsets)

    def pad(self, rows: IntArray) -> tuple[NDArray[np.float16], NDArray[np.bool_]]:
        """Compute rows and pad them, as `Ragged.pad` does.

        Raises:
            seqnlp.errors.DataError: they are not finite.
        """
        return _padded(finite_states(self.compute(rows)), self.lengths[rows], 0)


def finite_states(states: NDArray[Any]) -> NDArray[Any]:
    """Check that states of a frozen network are finite, and give them back.

    Raises:
        seqnlp.errors.DataError: they are not, or too large for half floats.
    """
    if not np.isfinite(states).all():
        raise DataError("its states are not finite in half precision")
    return states


def _padded(values: NDArray[Any], lengths: NDArray[np.int64], fill: int) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    mask = np.arange(int(lengths.max(initial=0))) < lengths[:, None]
    padded = np.full((*mask.shape, *values.shape[1:]), fill, values.dtype)
    padded[mask] = values
    return padded, mask
