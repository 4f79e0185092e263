"""Split of sentences and their translations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from seqnlp.errors import DataError
from seqnlp.readers.hub import TRANSLATION

if TYPE_CHECKING:
    from datasets import Dataset

CHUNK = 10_000
"""Sentences looked at at once."""


@dataclass(frozen=True)
class Pairs:
    """Two sides of a split."""

    table: Dataset
    source: str
    """A column, or a language in the column `translation`."""
    target: str
    """Column, or language, of the target."""
    training: bool = False
    """True for train, which is filtered by length."""
    in_memory: bool = False
    """Keep nothing of what is encoded in the cache."""

    def __len__(self) -> int:
        return len(self.table)

    def rows(self, numbers: NDArray[np.int64]) -> Pairs:
        """Select pairs by their rows."""
        return replace(self, table=self.table.select(numbers))

    def sources(self) -> Iterator[list[str]]:
        """Sentences to translate, some thousands at a time."""
        return texts_of(self.table, self.source)

    def targets(self) -> Iterator[list[str]]:
        """Their translations."""
        return texts_of(self.table, self.target)


def texts_of(table: Dataset, name: str) -> Iterator[list[str]]:
    """Texts of a column, or of a language in `translation`, in chunks.

    Raises:
        seqnlp.errors.DataError: there is no such column; it holds something else; a row of it is empty (null).
    """
    column = side_column(table, name)
    chosen = table.select_columns([column]).with_format("arrow")
    for start in range(0, len(table), CHUNK):
        block: Any = chosen[start : start + CHUNK]  # rows that were selected are copied
        texts = side_texts(block.column(column), column, name).to_pylist()
        if None in texts:
            raise DataError(f"{name!r}: row {start + texts.index(None) + 1} is empty (null); expected text")
        yield texts


def side_column(table: Dataset, name: str) -> str:
    """Column that holds a side: its own, or `translation`.

    Raises:
        seqnlp.errors.DataError: there is no such column or language.
    """
    import datasets

    if name in table.column_names:
        return name
    languages: list[str] = []
    feature = table.features.get(TRANSLATION)
    if isinstance(feature, datasets.Translation):
        languages = list(feature.languages)
    elif isinstance(feature, dict):
        languages = list(feature)
    if name not in languages:
        known = f"its columns are {', '.join(table.column_names)}"
        raise DataError(
            f"the corpus has no column {name!r}; {known}"
            + (f", the languages of `translation` {', '.join(languages)}" if languages else "")
        )
    return TRANSLATION


def side_texts(column: Any, of: str, name: str) -> Any:
    """Texts of a side in its Arrow column `of`.

    Raises:
        seqnlp.errors.DataError: it holds something else.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if of != name:
        column = pc.struct_field(column, name)
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        raise DataError(f"{name!r} holds {column.type}; expected text")
    return column
