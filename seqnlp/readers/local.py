"""Local corpora: those that ship, those that were fetched, and any folder of files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seqnlp.errors import DataError
from seqnlp.readers.archive import is_unpacked
from seqnlp.readers.base import Reader
from seqnlp.readers.catalogue import CATALOGUE
from seqnlp.readers.conll import Columns, Conllu
from seqnlp.readers.csv import Csv
from seqnlp.readers.files import open_text, suffix_of
from seqnlp.readers.hub import FORMATS, Hub, is_saved
from seqnlp.readers.jsonl import Jsonl
from seqnlp.readers.series import Series
from seqnlp.readers.table_settings import encoding_settings, looks_like_series, series_settings, table_settings
from seqnlp.readers.tables import SPLITS
from seqnlp.readers.text import Parallel, Text
from seqnlp.spelling import nearest_or_all


@dataclass(frozen=True)
class LocalCorpus:
    """Readable corpus on this machine."""

    reader: Reader
    splits: dict[str, str | Path]
    """Source of each split for the reader."""


@dataclass(frozen=True)
class Listing:
    """Entry in the list of known corpora."""

    name: str
    ships: bool
    """True if it comes with the package; else it is a public one to be fetched."""
    path: str | None
    """Folder of the corpus; None if it has not been fetched."""
    size: int
    """Size in bytes."""
    licence: str
    description: str


def list_corpora(root: Path) -> list[Listing]:
    """List shipped corpora and public ones, whose copies are under `root`."""
    listings = []
    for name, folder in shipped_corpora().items():
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        listings.append(Listing(name, True, str(folder), size, "MIT", summary(folder)))
    for name, corpus in CATALOGUE.items():
        path = str(root / name) if is_fetched(name, root) else None
        listings.append(Listing(name, False, path, corpus.size, corpus.licence, corpus.description))
    return listings


def shipped_folder() -> Path:
    """Folder of the corpora that come with the package."""
    package = Path(__file__).parents[1]
    inside = package / "shipped" / "corpora"
    return inside if inside.is_dir() else package.parent / "corpora"


def shipped_corpora() -> dict[str, Path]:
    """Folders of the corpora that come with the package, by name; each has a README.md."""
    root = shipped_folder()
    folders = sorted(root.iterdir()) if root.is_dir() else []
    return {
        folder.name: folder for folder in folders if folder.name not in CATALOGUE and (folder / "README.md").is_file()
    }


def summary(folder: Path) -> str:
    """First line of text in the README.md of a corpus; empty without one."""
    readme = folder / "README.md"
    lines = open_text(readme) if readme.is_file() else iter(())
    return next((line for line in lines if line.strip() and not line.startswith("#")), "")


def is_fetched(name: str, root: Path) -> bool:
    """True if a public corpus is complete: all files there, with the right sizes."""
    archive = CATALOGUE[name].archive
    if archive is not None and not is_unpacked(root / name / archive.folder, archive):
        return False
    texts = CATALOGUE[name].texts
    if texts is not None and not texts.are_in(root / name):
        return False
    return all(
        (path := root / name / file.name).is_file() and path.stat().st_size == file.size
        for file in CATALOGUE[name].files
    )


def open_corpus(target: str, root: Path, reader: Reader | None = None) -> LocalCorpus:
    """Find a corpus.

    Args:
        target: A file, a folder with splits, or the name of a corpus in `root` or among those that ship.
        root: The folder of corpora.
        reader: The reader; by default guessed from its files.

    Raises:
        seqnlp.errors.DataError: if there is no such corpus, or its reader can't be guessed.
    """
    shipped = shipped_corpora()
    places = [Path(target), root / target, *([shipped[target]] if target in shipped else [])]
    place = next((place for place in places if place.exists()), None)
    if place is None and target in CATALOGUE:
        raise DataError(f"{target} has not been fetched; run `seqnlp corpora get {target}`")
    if place is None:
        raise DataError(f"no file or corpus is called {target!r}: {nearest_or_all(target, [*shipped, *CATALOGUE])}")
    if place.is_file():
        reader = reader or reader_of([place])
        return hub_corpus(reader) if isinstance(reader, Hub) else LocalCorpus(reader, {place.name: place})
    if reader is None and place.name in CATALOGUE and is_fetched(place.name, place.parent):
        known = CATALOGUE[place.name]
        return LocalCorpus(
            Reader.parse(dict(known.reader)), {name: place / path for name, path in known.splits.items()}
        )
    if reader is None and (is_saved(place) or holds_datasets(place)):
        return hub_corpus(Hub(path=str(place)))
    return hub_corpus(reader) if isinstance(reader, Hub) else open_folder(place, reader)


def holds_datasets(folder: Path) -> bool:
    """True for a folder laid out for `datasets`: parquet or arrow files, or files of other formats in `data`."""
    inside = [path for path in (*folder.iterdir(), *folder.glob("data/*")) if path.is_file()]
    return any(
        path.suffix in (".parquet", ".arrow") or (path.parent != folder and path.suffix in FORMATS) for path in inside
    )


def hub_corpus(reader: Hub) -> LocalCorpus:
    """All splits of a dataset."""
    names = reader.splits()
    order = sorted(names, key=lambda name: (name not in SPLITS, list(SPLITS).index(name) if name in SPLITS else 0))
    return LocalCorpus(reader, {name: name for name in order})


def open_folder(folder: Path, reader: Reader | None) -> LocalCorpus:
    """Find the splits in a folder by the names of its files; series are in one file, called like the folder."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        words = re.split("[^a-z]+", path.name.lower())
        for split in {SPLITS[word] for word in words if word in SPLITS and path.is_file()}:
            found.setdefault(split, []).append(path)
    whole = [path for path in sorted(folder.iterdir()) if path.stem == folder.name and path.suffix != ".py"]
    if not found and whole:
        found["train"] = whole[:1]  # splits are periods of it
    if not found:
        raise DataError("no files in it are called train, dev or test", folder)
    reader = reader or reader_of(next(iter(found.values())))
    splits: dict[str, str | Path] = {}
    for split in sorted(found, key=("train", "dev", "test").index):
        files = found[split]
        place = files[0].with_suffix("") if isinstance(reader, Parallel) and reader.suffixes else files[0]
        if reader.files(place) != files:
            raise DataError(f"several files for {split}: {', '.join(file.name for file in files)}", folder)
        splits[split] = place
    return LocalCorpus(reader, splits)


def reader_of(files: Sequence[Path]) -> Reader:
    """Guess the reader of files; two files are taken for a text and its translation.

    Raises:
        seqnlp.errors.DataError: if it can't be guessed.
    """
    path = files[0]
    suffix = suffix_of(path)
    if len(files) == 2 and path.stem == files[1].stem:
        return Parallel(suffixes=[file.suffix for file in files])
    if suffix in (".conll", ".iob", ".bio"):
        encoding = encoding_settings(path)
        lines = open_text(path, **encoding)
        width = next((len(line.split()) for line in lines if line.strip()), 1)
        return Columns(names=["token", *(f"column{number}" for number in range(2, width + 1))], **encoding)
    if suffix == ".parquet":
        return Hub(path=str(path))
    simple: dict[str, type[Reader]] = {".conllu": Conllu, ".csv": Csv, ".tsv": Csv, ".jsonl": Jsonl, ".txt": Text}
    if suffix not in simple:
        raise DataError(
            f"can't guess a reader for files that end in {suffix or 'nothing'}; name it with --reader", path
        )
    if suffix in (".csv", ".tsv"):
        settings = series_settings(path)
        if settings is not None or looks_like_series(path):
            return Series(**settings or {})
        return Csv(**table_settings(path))
    return simple[suffix](**encoding_settings(path))
