"""Rows without a value in a column that is read. They are left out with a note."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from seqnlp.codecs.text import column_blocks
from seqnlp.errors import DataError
from seqnlp.notes import note

if TYPE_CHECKING:
    from datasets import Dataset


@dataclass(frozen=True)
class Need:
    """Values of a column that are taken for empty, besides null."""

    blank: bool = False
    """True if a text of nothing but blanks is a value."""
    no_items: bool = False
    """True if a list without items is a value."""


VISIBLE = r"[!-~\pL\pN]"
"""Characters that surely show something; of others `is_blank` decides."""
FILLED = Need()
"""Column whose cells must all hold something."""


def is_blank(text: str) -> bool:
    """True for a text of blanks and invisible characters alone."""
    return not any(letter.isprintable() and not letter.isspace() for letter in text)


def leave_out(
    dataset: Dataset, name: str, need: Need, place: Callable[[int, int], str], rows: NDArray[np.int64]
) -> tuple[Dataset, NDArray[np.int64]]:
    """Leave out rows whose cell in a column is empty.

    A note counts them and names the first.

    Args:
        dataset: A table.
        name: The column.
        need: Which cells are empty.
        place: Describes a row of the file, by its number and the item of its list: `file:line`.
        rows: Row of the file of each row of the table; shape (rows,).

    Returns:
        The other rows, and their rows of the file.

    Raises:
        seqnlp.errors.DataError: every row is empty.
    """
    empty = np.concatenate([empty_cells(column, need) for column in column_blocks(dataset, name)])
    if not empty.any():
        return dataset, rows
    first = int(empty.argmax())
    (cell,) = dataset.select_columns([name]).with_format("arrow")[first : first + 1].column(name)
    where = place(int(rows[first]), empty_item(cell.as_py()))
    count, total = int(empty.sum()), len(dataset)
    if count == total:
        raise DataError(f"{where}: {name!r} is empty, as in all {total:,} rows: nothing is left")
    note(f"{where}: {name!r} is empty; left out {count:,} of {total:,} rows for that")
    kept = np.flatnonzero(~empty)
    return dataset.select(kept), rows[kept]


def empty_cells(column: Any, need: Need) -> NDArray[np.bool_]:
    """Mask of the empty cells of an Arrow column."""
    import pyarrow as pa
    import pyarrow.compute as pc

    empty: NDArray[np.bool_] = column.is_null(nan_is_null=pa.types.is_floating(column.type)).to_numpy()
    if is_text(column.type):
        return empty if need.blank else empty | blank_texts(column)
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy().astype(np.int64)
        items = pc.list_flatten(column)
        wrong = items.is_null(nan_is_null=pa.types.is_floating(items.type)).to_numpy()
        if is_text(items.type):
            wrong = wrong | blank_texts(items)
        if wrong.any():
            before = np.concatenate([[0], np.cumsum(wrong)])
            ends = np.cumsum(lengths)
            empty = empty | (before[ends] > before[ends - lengths])
        return empty if need.no_items else empty | (lengths == 0)
    return empty


def is_text(kind: Any) -> bool:
    """True for the Arrow types of strings."""
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def blank_texts(column: Any) -> NDArray[np.bool_]:
    """Mask of the texts of an Arrow column that show nothing; null is not one of them."""
    import pyarrow.compute as pc

    seen = pc.fill_null(pc.match_substring_regex(column, VISIBLE), True)
    mask: NDArray[np.bool_] = ~np.asarray(seen, bool)
    doubtful = np.flatnonzero(mask)  # few, so that each may take a microsecond
    mask[doubtful] = [is_blank(text) for text in column.take(doubtful).to_pylist()]
    return mask


def empty_item(cell: Any) -> int:
    """Number of the first empty item of a list; 0 for all else."""
    if not isinstance(cell, list):
        return 0
    wrong = [item is None or (isinstance(item, str) and is_blank(item)) for item in cell]
    return wrong.index(True) if True in wrong else 0
