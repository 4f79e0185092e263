"""CoNLL-style columns: a token per line, an empty line between sentences."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import field_validator

from seqnlp.errors import DataError
from seqnlp.readers.base import Reader
from seqnlp.readers.files import open_text
from seqnlp.readers.table import Kind, tabulate

if TYPE_CHECKING:
    from datasets import Dataset

SKIPPED = "_"


class Columns(Reader):
    """CoNLL-style columns, a token and its annotations on each line: one list of strings a column."""

    renamed = {"document": "document_separator"}

    kind: Literal["columns"] = "columns"
    names: list[str]
    """Names of the columns from left to right; `_` for one to leave out."""
    delimiter: str | None = None
    """Delimiter of columns; left out: any run of spaces and tabs."""
    comment: str | None = None
    """Prefix of lines that are comments. Careful: `#` also begins hashtags."""
    document_separator: str | None = "-DOCSTART-"
    """First field of lines that separate documents; they are skipped."""

    @field_validator("names")
    @classmethod
    def _distinct(cls, names: list[str]) -> list[str]:
        kept = [name for name in names if name != SKIPPED]
        if not kept:
            raise ValueError("name at least one column")
        if len(set(kept)) < len(kept):
            raise ValueError("two columns have the same name")
        return names

    @field_validator("delimiter", "comment", "document_separator")
    @classmethod
    def _not_empty(cls, text: str | None) -> str | None:
        if text == "":
            raise ValueError("Input should not be empty")
        return text

    def read(self, source: str | Path) -> Dataset:
        path = Path(source)
        kinds: dict[str, Kind] = {name: "texts" for name in self.names if name != SKIPPED}
        return tabulate(self, [path], kinds, lambda: self.sentences(path))

    def sentences(self, path: Path) -> Iterator[dict[str, list[str]]]:
        """Yield the sentences of a file, one at a time."""
        tokens: list[list[str]] = []
        for number, line in enumerate(open_text(path), 1):
            if self.comment is not None and line.startswith(self.comment):
                continue
            fields = line.split(self.delimiter)
            if not line.strip() or fields[0] == self.document_separator:
                if tokens:
                    yield self.sentence(tokens)
                tokens = []
            elif len(fields) == len(self.names):
                tokens.append(fields)
            else:
                expected = f"{len(self.names)} ({', '.join(self.names)})"
                raise DataError(f"{len(fields)} columns; expected {expected}", path, number)
        if tokens:
            yield self.sentence(tokens)

    def sentence(self, tokens: list[list[str]]) -> dict[str, list[str]]:
        """Turn the rows of a sentence into columns."""
        columns = zip(self.names, zip(*tokens, strict=True), strict=True)
        return {name: list(values) for name, values in columns if name != SKIPPED}
