"""Readers of tables in memory."""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self, final

from pydantic import PrivateAttr

from seqnlp.errors import DataError
from seqnlp.readers.base import Reader
from seqnlp.readers.tables import GivenTable

PREFIX = "memory:"
"""Beginning of the source of a split in memory; its name follows."""
GIVE = 'give them in Python: seqnlp.train(recipe, data={"train": ...}), seqnlp.evaluate(run, data=...)'


class TableReader(Reader, ABC):
    """Reader of tables in memory, `memory:train` and so on, and of files."""

    _tables: Mapping[str, GivenTable] = PrivateAttr(default_factory=dict)

    @final
    def holding(self, tables: Mapping[str, GivenTable]) -> Self:
        """Copy that reads these tables, by the names of their splits."""
        reader = self.model_copy()
        reader._tables = dict(tables)
        return reader

    @final
    def table(self, source: str | Path) -> GivenTable:
        """Table of a split.

        Raises:
            seqnlp.errors.DataError: it was not given.
        """
        name = self.name_of(source)
        if name not in self._tables:
            given = f"; given: {', '.join(self._tables)}" if self._tables else ""
            raise DataError(f"its rows are not in a file{given}", name, hint=GIVE)
        return self._tables[name]

    def place_of(self, source: str | Path, row: int, item: int = 0) -> str:
        return self.table(source).place(row) if is_memory(source) else super().place_of(source, row, item)

    def name_of(self, source: str | Path) -> str:
        return str(source).removeprefix(PREFIX)

    def locate_file(self, source: str, find: Callable[[str], Path]) -> Path:
        return Path(source) if is_memory(source) else find(source)

    def files_of(self, source: str) -> list[Path]:
        return [] if is_memory(source) else [Path(source)]


def is_memory(source: str | Path) -> bool:
    """True for the source of a split in memory."""
    return str(source).startswith(PREFIX)
