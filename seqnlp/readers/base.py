"""The contract of a reader."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, final

from seqnlp.errors import DataError
from seqnlp.readers.slices import cut_slice, rows_of
from seqnlp.spec import Family
from seqnlp.spelling import nearest_or_all

if TYPE_CHECKING:
    from datasets import Dataset


class Reader(Family, ABC):
    """Reads one split of a corpus into a table with one row a sequence.

    A split that is a file may be a slice of it: `train.txt[:95%]` is the first 95 of each 100 sequences in the order
    of the file, `train.txt[95%:]` the rest, `train.txt[:500]` the first 500, `train.txt[-500:]` the last.
    """

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
        whole, part = self.cut(str(source)) if self.reads_files else (source, "")
        dataset = self.read(whole)
        if part:
            rows = self.chosen(dataset, part, str(whole))
            if not len(rows):
                raise DataError(f"no sequences in the slice {part} of {len(dataset):,}", whole)
            dataset = dataset.select(rows)
        if len(dataset) == 0:
            raise DataError("no sequences in it", source)
        return dataset.rename_columns(self._renamings(dataset.column_names, source)) if self.columns else dataset

    def _renamings(self, present: list[str], source: str | Path) -> dict[str, str]:
        """What each renamed column of the corpus is called from now on."""
        for new, old in self.columns.items():
            if old not in present:
                raise DataError(f"no column {old!r} to call {new!r}: {nearest_or_all(old, present)}", source)
            if new in present and new not in self.columns.values():
                raise DataError(f"{old!r} cannot be called {new!r}: there is such a column already", source)
        renamings = {old: new for new, old in self.columns.items()}
        if len(renamings) < len(self.columns):
            raise DataError(f"a column cannot have two new names: columns = {self.columns}", source)
        return renamings

    @final
    def locate(self, source: str, find: Callable[[str], Path]) -> str | Path:
        """Where the split that a recipe calls `source` is.

        Args:
            source: a path, maybe with a slice, or whatever else names a split for this reader.
            find: looks a file up in the project; raises `DataError` when it is nowhere.
        """
        if not self.reads_files:
            return source
        whole, part = self.cut(source)
        return Path(f"{self.place(whole, find)}{part}")

    def cut(self, source: str) -> tuple[str, str]:
        """Part a source from the slice at its end; the slice is empty if there is none."""
        return cut_slice(source)

    def chosen(self, dataset: Dataset, part: str, source: str) -> Sequence[int]:
        """The rows of a table that a slice means; `source` is what to call the table in messages."""
        return rows_of(part, len(dataset))

    def place(self, source: str, find: Callable[[str], Path]) -> Path:
        """Where the file of a split is, or the common beginning of its files."""
        return find(source)

    @final
    def files(self, source: str | Path) -> list[Path]:
        """The files that a located split is made of; none if they are not the user's own."""
        return self.files_of(self.cut(str(source))[0]) if self.reads_files else []

    def files_of(self, source: str) -> list[Path]:
        """The files of a split without a slice."""
        return [Path(source)]
