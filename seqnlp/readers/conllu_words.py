"""Words of CoNLL-U as pairs of form and lemma."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from seqnlp.errors import DataError
from seqnlp.readers.base import TextReader, tabulate
from seqnlp.readers.conll import COLUMNS, SKIPPED, parse_conllu
from seqnlp.readers.files import open_text
from seqnlp.spelling import nearest_or_all

if TYPE_CHECKING:
    from datasets import Dataset


class ConlluWords(TextReader):
    """CoNLL-U, a word a row: those of its nine columns that are needed, as text.

    Words that have `_` in one of these are left out.
    """

    kind: Literal["conllu_words"] = "conllu_words"
    distinct: bool = True
    """Keep each combination of the columns once; otherwise every word is a row."""

    def read(self, source: str | Path) -> Dataset:
        return self.read_columns(source, COLUMNS)

    def read_columns(self, source: str | Path, columns: Collection[str]) -> Dataset:
        path = Path(source)
        for name in columns:
            if name not in COLUMNS:
                raise DataError(f"no column {name!r}: {nearest_or_all(name, COLUMNS)}", path)
        names = list(columns)

        def rows() -> Iterator[dict[str, str]]:
            seen: set[tuple[str, ...]] = set()
            for sentence in parse_conllu(open_text(path, self.encoding), path):
                for cells in zip(*(sentence[name] for name in names), strict=True):
                    if SKIPPED in cells or cells in seen:
                        continue
                    if self.distinct:
                        seen.add(cells)
                    yield dict(zip(names, cells, strict=True))

        return tabulate(self, [path], dict.fromkeys(names, "text"), rows)
