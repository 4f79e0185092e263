"""Corpus: the splits of a recipe as tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from seqnlp.errors import DataError
from seqnlp.readers.base import Reader
from seqnlp.readers.files import sha256


class Source(Protocol):
    """Sources of the splits in a recipe."""

    @property
    def reader(self) -> Reader:
        """Reader of the splits."""

    @property
    def train(self) -> str:
        """Training split."""

    @property
    def dev(self) -> str:
        """Validation split."""

    @property
    def test(self) -> str | None:
        """Test split."""


@dataclass(frozen=True)
class Corpus:
    """Splits of a corpus: tables with one row a sequence and the same columns."""

    splits: dict[str, Any]
    """Tables `train`, `dev` and, if there is one, `test`."""
    hashes: dict[str, str]
    """SHA-256 of the file of each split; a split without a file of its own has none."""


def read_corpus(data: Source, find: Callable[[str], Path]) -> Corpus:
    """Read the splits that a recipe names.

    Args:
        data: The reader and its sources.
        find: Resolves a path in the project; raises `DataError` when there is no such file.

    Raises:
        seqnlp.errors.DataError: what the reader raises, and splits with different columns.
    """
    sources = {"train": data.train, "dev": data.dev} | ({"test": data.test} if data.test is not None else {})
    places = {split: data.reader.locate(source, find) for split, source in sources.items()}
    splits = {split: data.reader.load(place) for split, place in places.items()}
    expected = set(splits["train"].column_names)
    for split, dataset in splits.items():
        if odd := expected ^ set(dataset.column_names):
            name = min(odd)
            which = "no column" if name in expected else "a column that train lacks:"
            raise DataError(f"{split} has {which} {name!r}", places[split])
    files = {split: data.reader.files(place) for split, place in places.items()}
    return Corpus(splits, {split: sha256(paths) for split, paths in files.items() if paths})
