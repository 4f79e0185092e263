"""Parallel text: sentences and their translations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import field_validator

from seqnlp.errors import DataError
from seqnlp.readers.base import Reader
from seqnlp.readers.files import open_text
from seqnlp.readers.table import tabulate

if TYPE_CHECKING:
    from datasets import Dataset


class Parallel(Reader):
    """Parallel text, a pair of lines a row: columns `source` and `target`. Pairs of empty lines are skipped."""

    kind: Literal["parallel"] = "parallel"
    suffixes: list[str] = []
    """Suffixes of the two files of a split: with `["en", "fr"]`, the split `x/train` is `x/train.en` and `x/train.fr`.
    Left out: a split is one file with a tab between the two sides."""

    @field_validator("suffixes")
    @classmethod
    def _two(cls, suffixes: list[str]) -> list[str]:
        if suffixes and (len(suffixes) != 2 or suffixes[0] == suffixes[1]):
            raise ValueError("name two suffixes, of the source and of the target")
        return suffixes

    def read(self, source: str | Path) -> Dataset:
        files = self.files(source)
        pairs = self.lines_of_two if self.suffixes else self.halves_of_one

        def rows() -> Iterator[dict[str, str]]:
            for left, right in pairs(files):
                if left.strip() or right.strip():
                    yield {"source": left, "target": right}

        return tabulate(self, files, {"source": "text", "target": "text"}, rows)

    def lines_of_two(self, files: list[Path]) -> Iterator[tuple[str, str]]:
        """Yield the pairs of lines of two files."""
        for number, (left, right) in enumerate(zip_longest(*map(open_text, files)), 1):
            if left is None or right is None:
                longer, shorter = (files[1], files[0]) if left is None else files
                raise DataError(f"no partner for this line: {shorter} has only {number - 1}", longer, number)
            yield left, right

    def halves_of_one(self, files: list[Path]) -> Iterator[tuple[str, str]]:
        """Yield the two columns of a file."""
        for number, line in enumerate(open_text(files[0]), 1):
            halves = line.split("\t")
            if len(halves) == 2:
                yield halves[0], halves[1]
            elif line.strip():
                raise DataError(
                    f"{len(halves)} columns; expected source and target with a tab between", files[0], number
                )

    def locate_file(self, source: str, find: Callable[[str], Path]) -> Path:
        if not self.suffixes:
            return find(source)
        first, second = (find(str(file)) for file in self.files_of(source))
        place = Path(str(first).removesuffix(self.ending(self.suffixes[0])))
        if self.files_of(str(place))[1] != second:
            raise DataError(f"the other file of the pair is in another folder: {second}", first)
        return place

    def files_of(self, source: str) -> list[Path]:
        return [Path(f"{source}{self.ending(suffix)}") for suffix in self.suffixes] or [Path(source)]

    def ending(self, suffix: str) -> str:
        """Suffix with its dot."""
        return "." + suffix.removeprefix(".")
