"""Contract of a reader."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, final

from seqnlp.errors import DataError
from seqnlp.readers.slices import rows_of, split_slice
from seqnlp.spec import Family
from seqnlp.spelling import nearest_or_all

if TYPE_CHECKING:
    from datasets import Dataset


class Reader(Family, ABC):
    """Reader of the splits of a corpus: a table with one row a sequence.

    A split that is a file may be a slice of it: `train.txt[:95%]` is the first 95 of each 100 sequences in the order
    of the file, `train.txt[95%:]` the rest, `train.txt[:500]` the first 500, `train.txt[-500:]` the last.
    """

    reads_files: ClassVar[bool] = True
    """True if a split is named by a file, looked up in the project; if not, by an expression."""

    columns: dict[str, str] = {}
    """New names of columns, each with its name in the corpus. The rest keep their names."""

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
            source: Path of the split, as `locate` returns it.

        Raises:
            seqnlp.errors.DataError: what `read` raises; no sequences; a column to rename that is missing.
        """
        whole, part = self.split_slice(str(source)) if self.reads_files else (source, "")
        dataset = self.read(whole)
        if part:
            rows = self.slice_rows(dataset, part, str(whole))
            if not len(rows):
                raise DataError(f"no sequences in the slice {part} of {len(dataset):,}", whole)
            dataset = dataset.select(rows)
        if len(dataset) == 0:
            raise DataError("no sequences in it", source)
        return dataset.rename_columns(self._renamings(dataset.column_names, source)) if self.columns else dataset

    def _renamings(self, present: list[str], source: str | Path) -> dict[str, str]:
        """Map columns of the corpus to their new names."""
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
        """Locate the split that a recipe calls `source`.

        Args:
            source: A path, maybe with a slice, or whatever else names a split for this reader.
            find: Resolves a path in the project; raises `DataError` when there is no such file.
        """
        if not self.reads_files:
            return source
        whole, part = self.split_slice(source)
        return Path(f"{self.locate_file(whole, find)}{part}")

    def split_slice(self, source: str) -> tuple[str, str]:
        """Split a source into file and slice; the slice is empty if there is none."""
        return split_slice(source)

    def slice_rows(self, dataset: Dataset, part: str, source: str) -> Sequence[int]:
        """Row numbers of a slice of a table; `source` is its name in messages."""
        return rows_of(part, len(dataset))

    def locate_file(self, source: str, find: Callable[[str], Path]) -> Path:
        """Locate the file of a split, or the common prefix of its files."""
        return find(source)

    @final
    def files(self, source: str | Path) -> list[Path]:
        """Files of a located split; none if they are not the user's own."""
        return self.files_of(self.split_slice(str(source))[0]) if self.reads_files else []

    def files_of(self, source: str) -> list[Path]:
        """Files of a split without a slice."""
        return [Path(source)]
