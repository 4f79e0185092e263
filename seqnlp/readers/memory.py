"""Reader of tables that were given in Python."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Literal, final

from seqnlp.readers.base import Reader
from seqnlp.readers.held import TableReader, is_memory
from seqnlp.readers.local import reader_of

if TYPE_CHECKING:
    from datasets import Dataset


@final
class Memory(TableReader):
    """Tables given in Python: `seqnlp.train(recipe, data={"train": table, "dev": table})`.

    Their splits are `memory:train`, `memory:dev` and `memory:test`; the run does not keep them. Any other split is a
    file, whose reader is told by its ending. Series of numbers keep the reader `series`.
    """

    kind: Literal["memory"] = "memory"

    def read(self, source: str | Path) -> Dataset:
        return self.table(source).read() if is_memory(source) else of_file(source).read(source)

    def read_columns(self, source: str | Path, columns: Collection[str]) -> Dataset:
        return self.table(source).read(columns) if is_memory(source) else of_file(source).read_columns(source, columns)

    def line_of(self, source: str | Path, row: int, item: int = 0) -> int | None:
        return None if is_memory(source) else of_file(source).line_of(source, row, item)


def of_file(source: str | Path) -> Reader:
    """Reader of a file."""
    return reader_of([Path(source)])
