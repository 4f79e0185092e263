"""Check of text in Arrow tables, which are written without any."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seqnlp.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset


def check_text(dataset: Dataset, source: str) -> Dataset:
    """Check that all strings are UTF-8; return the dataset.

    Args:
        dataset: A table of any types.
        source: Its name in messages.

    Raises:
        seqnlp.errors.DataError: naming the column and the row, counted from 1, of what is not.
    """
    import pyarrow as pa

    table = dataset.data.table
    for name in table.column_names:
        before = 0
        for chunk in table.column(name).chunks:
            try:
                chunk.validate(full=True)
            except pa.ArrowInvalid:
                row = before + _first_invalid(chunk) + 1
                raise DataError(f"row {row:,}: the column {name!r} holds what is not UTF-8", source) from None
            before += len(chunk)
    return dataset


def _first_invalid(chunk: Any) -> int:
    """Index of the first invalid element, by bisection."""
    import pyarrow as pa

    low, high = 0, len(chunk)
    while high - low > 1:
        middle = (low + high) // 2
        # a slice of nested lists still holds all elements: a copy of it is checked
        part = pa.concat_arrays([chunk.slice(low, middle - low)])
        try:
            part.take(pa.array(range(len(part)), pa.int64())).validate(full=True)
        except pa.ArrowInvalid:
            high = middle
        else:
            low = middle
    return low
