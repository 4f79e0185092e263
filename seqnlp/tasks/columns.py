"""Columns of tables as inputs of predictors, and their cells checked."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from seqnlp.errors import UsageError
from seqnlp.spelling import nearest_or_all


class Columns(Protocol):
    """Columns by name: a dictionary, a batch of `datasets`, a data frame of pandas."""

    def keys(self) -> Iterable[str]:
        """Names of the columns."""

    def __getitem__(self, name: str, /) -> Any:
        """Cells of a column."""


def names_of(columns: Columns) -> list[str]:
    """Names of columns.

    Raises:
        seqnlp.errors.UsageError: no columns at all.
    """
    try:
        return list(map(str, columns.keys()))
    except AttributeError:
        found = type(columns).__name__
        problem = f"{found} given; expected columns by name: model(frame), dataset.map(model, batched=True)"
        raise UsageError(problem) from None


def column_of(columns: Columns, name: str) -> list[Any]:
    """Cells of a column as a list.

    Raises:
        seqnlp.errors.UsageError: there is no such column; a single row instead of a batch.
    """
    known = names_of(columns)
    if name not in known:
        raise UsageError(f"no column {name!r}: {nearest_or_all(name, known)}; `column` names another one")
    cells = columns[name]
    if isinstance(cells, str) or not isinstance(cells, Iterable):
        raise UsageError(f"column {name!r} is {_shown(cells)}, not a list of cells; `map` needs batched=True")
    return list(cells)


def is_missing(cell: Any) -> bool:
    """True for None, NaN and the like."""
    if isinstance(cell, float):
        return math.isnan(cell)
    return cell is None or type(cell).__name__ in ("NAType", "NaTType")


def checked_text(cell: Any, place: str) -> str | list[str]:
    """Text, or its words as a list.

    Raises:
        seqnlp.errors.UsageError: something else; `place` is its name.
    """
    if isinstance(cell, str):
        return cell
    if not isinstance(cell, Mapping) and isinstance(cell, Iterable):
        words = list(cell)
        if all(isinstance(word, str) for word in words):
            return words
    raise UsageError(f"{place} is {_shown(cell)}; expected text, or words as a list")


def checked_texts(texts: Iterable[Any]) -> Iterator[str | list[str]]:
    """Yield texts, or the words of each.

    Raises:
        seqnlp.errors.UsageError: naming the first one that is something else.
    """
    refuse_columns(texts)
    return (checked_text(cell, f"text {number:,}") for number, cell in enumerate(texts, 1))


def refuse_columns(given: object) -> None:
    """Refuse columns, whose names would be taken for texts."""
    pandas = sys.modules.get("pandas")  # who has a data frame has imported it
    if isinstance(given, Mapping) or (pandas is not None and isinstance(given, pandas.DataFrame)):
        raise UsageError('these are columns: give one of them, such as table["text"], or call the model itself')


def _shown(cell: Any) -> str:
    text = repr(cell)
    return f"{type(cell).__name__} {text if len(text) <= 40 else text[:39] + '…'}"
