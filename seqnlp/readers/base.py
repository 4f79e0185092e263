"""The contract of a reader."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, final

from seqnlp.errors import DataError
from seqnlp.readers.files import nearest
from seqnlp.spec import Family

if TYPE_CHECKING:
    from datasets import Dataset


class Reader(Family, ABC):
    """Reads one split of a corpus into a table with one row a sequence."""

    reads_files: ClassVar[bool] = True
    """Whether a split is named by a file, looked up in the project; if not, by an expression."""

    columns: dict[str, str] = {}
    """Other names for columns: the new name, and the name in the corpus. The rest keep their names."""

    @abstractmethod
    def read(self, source: str | Path) -> Dataset:
        """Read a split, with the columns named as in the corpus.

        Raises:
            seqnlp.errors.DataError: naming file and line, for anything wrong with the file.
        """

    @final
    def load(self, source: str | Path) -> Dataset:
        """Read a split and rename its columns.

        Args:
            source: where the split is, as `locate` returns it.

        Raises:
            seqnlp.errors.DataError: what `read` raises; no sequences; a column to rename that is missing.
        """
        dataset = self.read(source)
        if len(dataset) == 0:
            raise DataError("no sequences in it", source)
        return dataset.rename_columns(self._renamings(dataset.column_names, source)) if self.columns else dataset

    def _renamings(self, present: list[str], source: str | Path) -> dict[str, str]:
        """What each renamed column of the corpus is called from now on."""
        for new, old in self.columns.items():
            if old not in present:
                raise DataError(f"no column {old!r} to call {new!r}: {nearest(old, present)}", source)
            if new in present and new not in self.columns.values():
                raise DataError(f"{old!r} cannot be called {new!r}: there is such a column already", source)
        renamings = {old: new for new, old in self.columns.items()}
        if len(renamings) < len(self.columns):
            raise DataError(f"a column cannot have two new names: columns = {self.columns}", source)
        return renamings

    def locate(self, source: str, find: Callable[[str], Path]) -> str | Path:
        """Where the split that a recipe calls `source` is.

        Args:
            source: a path, or whatever else names a split for this reader.
            find: looks a file up in the project; raises `DataError` when it is nowhere.
        """
        return find(source) if self.reads_files else source

    def files(self, source: str | Path) -> list[Path]:
        """The files that a located split is made of; none if they are not the user's own."""
        return [Path(source)] if self.reads_files else []
