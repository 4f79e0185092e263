"""Data that is no split of a run's corpus: other files, in other formats, with other columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

from seqnlp.embeddings import PathResolver
from seqnlp.errors import DataError, UsageError
from seqnlp.readers import Audio, Csv, Hub, Jsonl, Parallel, Reader, Series
from seqnlp.readers.base import TextReader
from seqnlp.readers.conll import Conllu
from seqnlp.readers.encodings import UTF8
from seqnlp.readers.files import open_text, suffix_of
from seqnlp.readers.slices import split_slice
from seqnlp.readers.text import TwoFiles
from seqnlp.spelling import nearest_or_all
from seqnlp.tasks.base import TaskRecipe

KINDS: Mapping[str, type[Reader]] = {
    ".csv": Csv,
    ".tsv": Csv,
    ".jsonl": Jsonl,
    ".ndjson": Jsonl,
    ".json": Hub,
    ".parquet": Hub,
    ".arrow": Hub,
    ".conllu": Conllu,
}
"""Reader of a file by its ending."""
OWN = (Series, Audio)
"""Readers of tables of their own."""


@final
@dataclass(frozen=True)
class OtherData:
    """Other data to score a run on."""

    sources: Sequence[str]
    """A file, maybe with a slice, or another source of the run's reader; or two files, of sources and translations."""
    reader: Reader | None = None
    """Their reader. None: that of the run, or what the ending tells."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Names of columns in the recipe, each with its name in the file."""

    @classmethod
    def of(cls, data: str | Path | OtherData) -> OtherData:
        """Other data of a path."""
        return data if isinstance(data, OtherData) else cls([str(data)])

    def __str__(self) -> str:
        return " and ".join(self.sources)

    def split(self, recipe: TaskRecipe, find: PathResolver) -> Any:
        """Read the data as a split of a recipe.

        Raises:
            seqnlp.errors.UsageError: two files for a task without translations; columns that the recipe lacks.
            seqnlp.errors.DataError: what the reader raises.
        """
        reader, source = self.opened(recipe, find)
        if self.columns:
            needed = list(recipe.needs or [])
            for name in self.columns:
                if needed and name not in needed:
                    raise UsageError(f"--column {name}=...: the run reads no {name!r}: {nearest_or_all(name, needed)}")
            reader = reader.model_copy(update={"columns": {**reader.columns, **self.columns}})
        data = recipe.data.model_copy(update={"reader": reader})
        try:
            return recipe.model_copy(update={"data": data}).split(source, find)
        except DataError as error:
            if error.problem.startswith(("no column", "no line has the key")) and not error.hint:
                raise error.replace(hint="--column NAME=COLUMN tells which column of the file it is") from None
            raise

    def opened(self, recipe: TaskRecipe, find: PathResolver) -> tuple[Reader, str]:
        """Reader of the data, and its source."""
        own = recipe.data.reader
        if len(self.sources) > 1:
            return self.two_files(recipe, find), str(self)
        source = self.sources[0]
        name, part = split_slice(source)
        path = existing(name, find)
        if self.reader is not None:
            whole = isinstance(self.reader, Hub) and path is not None and self.reader.path == name
            return self.reader, f"train{part}" if whole else source
        if path is None or isinstance(own, OWN):
            return own, source
        ending = suffix_of(path)
        kind = KINDS.get(ending)
        if kind is Hub:
            return Hub(path=str(path)), f"train{part}"
        if isinstance(own, Parallel):
            without_header = kind is None or (ending == ".tsv" and not self._has_header(path, recipe))
            return (kind() if kind and not without_header else Parallel() if own.suffixes else own), source
        trained_on = suffix_of(Path(split_slice(recipe.data.train)[0]))
        if kind is None or isinstance(own, kind) or ending == trained_on:
            return own, source
        return kind(), source

    def _has_header(self, path: Path, recipe: TaskRecipe) -> bool:
        """True for a table whose header has all the recipe's columns."""
        names = next(Csv().parse_rows(open_text(path, encoding_of(recipe)), path), (0, []))[1]
        return {self.columns.get(name, name) for name in recipe.needs or []} <= set(names)

    def two_files(self, recipe: TaskRecipe, find: PathResolver) -> Reader:
        """Reader of sources and translations in a file each."""
        sides = [getattr(recipe.data, name, None) for name in ("source", "target")]
        if len(self.sources) != 2 or None in sides:
            raise UsageError(
                f"{len(self.sources)} files: expected one, or of a translator two, of sources and of targets"
            )
        if self.reader is not None or self.columns:
            raise UsageError("two files are read as lines: leave out --reader and --column")
        names = {str(side): own for side, own in zip(sides, ("source", "target"), strict=True) if side != own}
        source, target = (str(find(name)) for name in self.sources)
        return TwoFiles(source=source, target=target, columns=names, encoding=encoding_of(recipe))


def encoding_of(recipe: TaskRecipe) -> str:
    """Encoding of the corpus; UTF-8 where its reader has none."""
    reader = recipe.data.reader
    return reader.encoding if isinstance(reader, TextReader) else UTF8


def existing(name: str, find: PathResolver) -> Path | None:
    """File of this name; None if there is none."""
    try:
        path = find(name)
    except DataError:
        return None
    return path if path.is_file() else None
