"""Corrections of a run's predictions, saved as training data.

They are kept in `corrections/NAME.*` in the working directory, with a number where another run of that name has some
already; the files of the corpus are only read.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from seqnlp.errors import DataError, RunError, UsageError
from seqnlp.readers import Columns, Conllu, Csv, Jsonl, Reader
from seqnlp.readers.held import is_memory
from seqnlp.recipe import load_recipe
from seqnlp.recipe.load import path_resolver
from seqnlp.recipe.recipe import Data, settings_toml
from seqnlp.records.rows import TEXT, append_row, read_rows, rows_text, suffix_of, write_rows, writer_for
from seqnlp.run import Run
from seqnlp.run.directory import RECIPE
from seqnlp.run.files import read_json, saving, write_bytes, write_json
from seqnlp.run.lock import exclusive
from seqnlp.tasks.base import TaskRecipe
from seqnlp.units import counted

FOLDER = Path("corrections")
OWNERS = FOLDER / ".runs.json"
"""Run that each name of files belongs to: its path, the digest of its weights and recipe, and its columns."""

RECIPES = Path("recipes")
OfTask = TypeVar("OfTask", bound=Data)

MARK = "# Written by seqnlp tui: "
"""Beginning of recipes that may be written anew."""


def save(run: str, row: Mapping[str, Any], key: str, text: str = "") -> dict[str, Any]:
    """Save a corrected row.

    Args:
        run: The run directory.
        row: Columns as the recipe names them.
        key: Column of the words or the text: a row with the same ones is replaced.
        text: Comment of a CoNLL-U sentence.

    Returns:
        `file`, `count` of the rows in it, and `replaced`.

    Raises:
        seqnlp.errors.UsageError: the run also learns columns that the row lacks.
        seqnlp.errors.DataError: the format can't hold a value; the file can't be written.
    """
    recipe = _recipe(run)
    missing = [name for name in recipe.needs or () if name not in row]
    if missing:
        raise UsageError(f"this run is also given or taught {missing[0]!r}, which a correction does not have")
    reader, names = _format(recipe.data.reader, row)
    own = {names[name]: value for name, value in row.items()}
    if isinstance(reader, Conllu) and text:
        own[TEXT] = text
    with exclusive(FOLDER):
        file = FOLDER / f"{_claimed(run, recipe)}{suffix_of(reader, recipe.data.train)}"
        count, replaced = append_row(reader, file, own, names[key])
    return {"file": str(file), "count": count, "replaced": replaced}


def training_recipe(run: str, key: str) -> dict[str, Any]:
    """Write a recipe that trains on corpus and corrections together.

    Args:
        run: The run directory.
        key: Column of the words or the text: corrected rows of the corpus are replaced.

    Returns:
        `recipe`, its file; `name`, `count` of the corrections, and `rows` of the file that it trains on.

    Raises:
        seqnlp.errors.SeqnlpError: there are no corrections; the corpus can't be read; a file can't be written.
    """
    recipe, opened = _recipe(run), Run.open(run)
    data, columns = recipe.data, [*(recipe.needs or ())]
    if is_memory(data.train):
        raise UsageError("this run was trained on tables in memory, which can't be read again")
    if data.streaming:
        raise UsageError("train of this run is streamed, and is not copied; add corrections to its shards as a file")
    name = _name(run, recipe)
    corrected = [*_corrections(name, recipe)]
    if not corrected:
        raise UsageError("nothing was corrected yet: save a sentence first")
    find = path_resolver(opened.recipe_file)
    table = data.reader.load(data.reader.locate(data.train, find), recipe.needs).select_columns(columns)
    keys = {_hashable(row[key]) for row in corrected}
    rows = [{name: _as_text(row[name]) for name in columns} for row in table if _hashable(row[key]) not in keys]
    rows += corrected
    reader, names = _format(data.reader, rows[-1])
    is_same = type(reader) is type(data.reader)
    written = [{names[name]: value for name, value in row.items()} for row in rows]
    out = FOLDER / "train" / f"{name}{suffix_of(reader, data.train)}"
    with exclusive(out.parent):
        with saving(out, "writing the corpus with the corrections"):
            out.unlink(missing_ok=True)
        write_rows(reader, out, rows_text(reader, written, out), len(written), written[-1])
    settings = tomllib.loads(opened.recipe_text())
    settings["plugins"] = [os.path.abspath(opened.path / plugin) for plugin in settings.get("plugins", [])]
    section = settings["data"]
    section["train"] = str(out)
    for unused in ("folds", "fold"):
        section.pop(unused, None)
    if is_same:
        for split in ("dev", "test"):
            if isinstance(section.get(split), str):
                section[split] = os.path.abspath(data.reader.locate(section[split], find))
    else:
        _use_json_lines(section)
    title = f"{MARK}{name} and {counted(len(corrected), recipe.rows_name)} of corrections.\n"
    with exclusive(out.parent):
        file = _recipe_file(f"{name}_corrected")
        write_bytes(file, (title + settings_toml(settings)).encode())
    load_recipe(file)
    return {"recipe": str(file), "name": file.stem, "count": len(corrected), "rows": len(written)}


def data_of(run: str, kind: type[OfTask]) -> OfTask:
    """Section `[data]` of a run's recipe; it must have this type."""
    found = _recipe(run).data
    assert isinstance(found, kind)
    return found


def _corrections(name: str, recipe: TaskRecipe) -> Iterator[dict[str, Any]]:
    """Corrections in the files of a name, by the recipe's columns."""
    for file in sorted(FOLDER.iterdir()) if FOLDER.is_dir() else ():
        if file.stem != name or not file.is_file():  # those of a run `x` are not those of `x.2`
            continue
        own = recipe.data.reader
        reader = Jsonl() if file.suffix == ".jsonl" and not isinstance(own, Jsonl) else own
        assert isinstance(reader, Columns | Conllu | Csv | Jsonl)
        names = {name: own.columns.get(name, name) if reader is own else name for name in recipe.needs or ()}
        for row in read_rows(reader, file, [*names.values()]):
            yield {name: row[old] for name, old in names.items()}


def _format(reader: Reader, row: Mapping[str, Any]) -> tuple[Columns | Conllu | Csv | Jsonl, dict[str, str]]:
    """Reader whose format a row is written in, with its columns.

    A file in another format than that of the corpus has the names of the recipe.
    """
    names = {name: reader.columns.get(name, name) for name in row}
    found = writer_for(reader, {names[name]: value for name, value in row.items()})
    return found, names if found is reader else {name: name for name in row}


def _use_json_lines(section: dict[str, Any]) -> None:
    """Read train as JSON Lines; splits that are elsewhere are drawn from it."""
    section["reader"] = {"kind": "jsonl"}
    for split, share in (("dev", 0.1), ("test", 0.1)):
        if isinstance(section.get(split), str):
            section[split] = share


def _recipe(run: str) -> TaskRecipe:
    recipe = load_recipe(Run.open(run).path / RECIPE)
    assert isinstance(recipe, TaskRecipe)
    return recipe


def _name(run: str, recipe: TaskRecipe) -> str:
    """Name of the files of a run: that of its folder, with a number where that is another run's.

    A run is the same in the same folder, also when it was trained again with the same columns; and one that was renamed
    or moved is known by its digest.
    """
    owners, own = _owners(), _identity(run, recipe)
    for name, owner in owners.items():
        if (owner["path"], owner["columns"]) == (own["path"], own["columns"]):
            return name
    for name, owner in owners.items():
        if owner["sha256"] == own["sha256"] and not Run.is_run(owner["path"]):
            return name
    own_name = Run(Path(run)).name.replace("/", "_")
    return next(name for name in _numbered(own_name) if name not in owners)


def _claimed(run: str, recipe: TaskRecipe) -> str:
    """Name of the files of a run, noted as its own; the folder is locked."""
    name, owners, own = _name(run, recipe), _owners(), _identity(run, recipe)
    if owners.get(name) != own:
        write_json(OWNERS, {**owners, name: own})
    return name


def _identity(run: str, recipe: TaskRecipe) -> dict[str, Any]:
    opened = Run.open(run)
    path = str(opened.path.resolve())
    return {"path": path, "sha256": opened.fingerprint(), "columns": sorted(recipe.needs or ())}


def _owners() -> dict[str, dict[str, Any]]:
    """Runs by the names of their files.

    Raises:
        seqnlp.errors.RunError: the file is damaged.
    """
    found = read_json(OWNERS) if OWNERS.exists() else {}
    types = {"path": str, "sha256": str, "columns": list}
    if not all(
        isinstance(owner, dict) and all(isinstance(owner.get(key), kind) for key, kind in types.items())
        for owner in found.values()
    ):
        raise RunError("damaged: expected a run for each name of corrections", OWNERS)
    return dict(found)


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}_{number}" for number in range(2, 1000))


def _recipe_file(name: str) -> Path:
    """File of a recipe; numbered if the name is taken."""
    with saving(RECIPES, "writing a recipe"):
        RECIPES.mkdir(exist_ok=True)
    for each in _numbered(name):
        file = RECIPES / f"{each}.toml"
        if not os.path.lexists(file):
            return file
        try:
            if file.is_file() and file.read_bytes().startswith(MARK.encode()):
                return file
        except OSError:
            continue
    raise DataError("there are recipes of all these names", RECIPES / name)


def _hashable(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _as_text(value: object) -> object:
    """A value as text, as corrections have it."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_as_text(each) for each in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else "" if value is None else str(value)
