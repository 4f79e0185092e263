"""Reader of tables that were given in Python."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self, final

from pydantic import PrivateAttr

from seqnlp.errors import DataError
from seqnlp.readers.base import Reader
from seqnlp.readers.local import reader_of
from seqnlp.readers.series import Series, SeriesTable
from seqnlp.readers.tables import GivenTable

if TYPE_CHECKING:
    from datasets import Dataset

PREFIX = "memory:"
"""Beginning of the source of a split in memory; its name follows."""
GIVE = 'give them in Python: seqnlp.train(recipe, data={"train": ...}), seqnlp.evaluate(run, data=...)'


@final
class Memory(Reader):
    """Tables given in Python: `seqnlp.train(recipe, data={"train": table, "dev": table})`.

    Their splits are `memory:train`, `memory:dev` and `memory:test`; the run does not keep them. Any other split is a
    file, whose reader is told by its ending.
    """

    kind: Literal["memory"] = "memory"
    series: Series | None = None
    """Settings of series of numbers, as those of the reader `series`; left out: its defaults."""

    _tables: Mapping[str, GivenTable] = PrivateAttr(default_factory=dict)

    def holding(self, tables: Mapping[str, GivenTable]) -> Self:
        """Copy that reads these tables, by the names of their splits."""
        reader = self.model_copy()
        reader._tables = dict(tables)
        return reader

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

    def read(self, source: str | Path) -> Dataset:
        return self.table(source).read() if is_memory(source) else self.of_file(source).read(source)

    def read_columns(self, source: str | Path, columns: Collection[str]) -> Dataset:
        if is_memory(source):
            return self.table(source).read(columns)
        return self.of_file(source).read_columns(source, columns)

    def read_series(self, source: str | Path) -> SeriesTable:
        """Read series of numbers, from memory or a file."""
        reader = self.series or Series()
        if not is_memory(source):
            return reader.read_series(Path(source))
        table = self.table(source)
        try:
            return reader.read_table(table.read(), table.name)
        except DataError as error:
            place = table.name if error.line is None else table.place(error.line - 1)
            raise DataError(error.problem, place, hint=error.hint) from None

    def of_file(self, source: str | Path) -> Reader:
        """Reader of a file."""
        return self.series or reader_of([Path(source)])

    def line_of(self, source: str | Path, row: int, item: int = 0) -> int | None:
        return None if is_memory(source) else self.of_file(source).line_of(source, row, item)

    def place_of(self, source: str | Path, row: int, item: int = 0) -> str:
        return self.table(source).place(row) if is_memory(source) else super().place_of(source, row, item)

    def name_of(self, source: str | Path) -> str:
        return str(source).removeprefix(PREFIX)

    def split_slice(self, source: str) -> tuple[str, str]:
        if is_memory(source) or self.series is None:
            return super().split_slice(source)
        return self.series.split_slice(source)

    def locate_file(self, source: str, find: Callable[[str], Path]) -> Path:
        return Path(source) if is_memory(source) else find(source)

    def files_of(self, source: str) -> list[Path]:
        return [] if is_memory(source) else [Path(source)]


def is_memory(source: str | Path) -> bool:
    """True for the source of a split in memory."""
    return str(source).startswith(PREFIX)
