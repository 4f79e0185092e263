"""Rows of files, and the types of their columns in tables."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from seqnlp.readers import cache

if TYPE_CHECKING:
    from datasets import Features

Kind = Literal["text", "texts", "whole", "number", "numbers", "boolean"]
"""Kind of the cells of a column: a string, a list of strings, an int64, a float64, a list of float64, or a bool."""

Row = dict[str, Any]

ROWS_PER_BATCH = 1000
"""Rows of a record batch."""
MAX_LOCKING = 60.0
"""Seconds after which a process that is at work has locked its file."""


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


def write_table(path: Path, kinds: Mapping[str, Kind], rows: Iterator[Row]) -> None:
    """Write rows to a file in Arrow's streaming format, which `datasets` maps.

    Its own writer converts cell by cell, which takes longer than reading the rows. The file appears when it is whole.

    Raises:
        OSError: it can't be written.
    """
    import pyarrow as pa

    cache.remove_leftovers(path.parent.glob(f".{path.name}.*"), MAX_LOCKING)
    schema = features_of(kinds).arrow_schema
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        with temporary.open("wb") as file, pa.ipc.new_stream(file, schema) as writer:
            cache.try_lock(file.fileno())
            while part := list(islice(rows, ROWS_PER_BATCH)):
                columns = [pa.array([row[field.name] for row in part], field.type) for field in schema]
                writer.write_table(pa.table(columns, schema=schema))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
