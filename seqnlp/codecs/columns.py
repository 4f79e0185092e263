"""Column of strings as numbers of its distinct ones, straight from Arrow: no Python per token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from seqnlp.arrays import IntArray, Ragged
from seqnlp.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset


@dataclass(frozen=True)
class Column:
    """Dictionary-encoded rows of strings."""

    codes: Ragged
    """Positions in `distinct`, one row a sequence."""
    distinct: list[str]
    """Every string that occurs, once, in order of appearance."""

    @classmethod
    def from_rows(cls, rows: list[list[str]]) -> Column:
        """Encode rows that are Python lists, such as those of standard input."""
        number: dict[str, int] = {}
        codes = [number.setdefault(word, len(number)) for row in rows for word in row]
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        return cls(Ragged(np.array(codes, np.int64), np.concatenate([[0], np.cumsum(lengths)])), list(number))

    @classmethod
    def from_dataset(cls, dataset: Dataset, name: str) -> Column:
        """Read a column of a corpus; its rows are lists of strings, or single strings.

        Raises:
            seqnlp.errors.DataError: if there is no such column, or it holds something else.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        if name not in dataset.column_names:
            columns = ", ".join(dataset.column_names)
            raise DataError(f"the corpus has no column {name!r}; its columns are {columns}")
        table: Any = dataset.select_columns([name]).with_format("arrow")[:]
        column = table.column(name)
        if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
            flat, lengths = pc.list_flatten(column), pc.list_value_length(column).to_numpy()
        else:
            flat, lengths = column, np.ones(len(column), np.int64)
        if not (pa.types.is_string(flat.type) or pa.types.is_large_string(flat.type)):
            raise DataError(f"column {name!r} holds {flat.type}; expected text or lists of text")
        if column.null_count or flat.null_count:
            raise DataError(f"column {name!r} has empty places (null); expected text in all of them")
        encoded = flat.dictionary_encode().combine_chunks()
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        return cls(Ragged(encoded.indices.to_numpy(), offsets), encoded.dictionary.to_pylist())

    def rows(self) -> list[list[str]]:
        """Rows as Python lists; for a few of them, not for the training path."""
        return [[self.distinct[code] for code in self.codes[row]] for row in range(len(self.codes))]

    def numbered(self, numbers: IntArray) -> Ragged:
        """Replace the numbers of the distinct strings, for instance by those of a codec."""
        return Ragged(numbers[self.codes.values], self.codes.offsets)

    def check_parallel(self, other: Column, name: str, other_name: str) -> None:
        """Check that another column has as many strings in each row as this one.

        Raises:
            seqnlp.errors.DataError: naming the first row where it has not.
        """
        differing = np.flatnonzero(self.codes.lengths != other.codes.lengths)
        if len(differing):
            row = int(differing[0])
            ours, theirs = int(self.codes.lengths[row]), int(other.codes.lengths[row])
            raise DataError(f"sequence {row + 1} has {ours} of column {name!r}, but {theirs} of {other_name!r}")

    def counts(self) -> dict[str, int]:
        """Number of occurrences of each distinct string."""
        occurrences = np.bincount(self.codes.values, minlength=len(self.distinct))
        return dict(zip(self.distinct, occurrences.tolist(), strict=True))
