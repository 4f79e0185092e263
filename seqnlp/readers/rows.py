"""Rows of files, and the types of their columns in tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from datasets import Features

Kind = Literal["text", "texts", "whole", "number", "numbers", "boolean"]
"""Kind of the cells of a column: a string, a list of strings, an int64, a float64, a list of float64, or a bool."""

Row = dict[str, Any]


@dataclass(frozen=True)
class RowStream:
    """Rows of files, of which one is in memory at a time."""

    files: Sequence[Path]
    kinds: Mapping[str, Kind]
    """Kind of each column by name."""
    rows: Callable[[], Iterator[Row]]
    """Reads the files from their beginning."""


def features_of(kinds: Mapping[str, Kind]) -> Features:
    """Types of columns in a `datasets.Dataset`, by the kinds of their cells."""
    import datasets

    names = {"text": "string", "whole": "int64", "number": "float64", "boolean": "bool"}
    single = {kind: datasets.Value(name) for kind, name in names.items()}
    cells = single | {"texts": datasets.List(single["text"]), "numbers": datasets.List(single["number"])}
    return datasets.Features({name: cells[kind] for name, kind in kinds.items()})
