"""Recipe files: read as text, parsed as TOML, joined with what they extend. Nothing is validated yet."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

from seqnlp.errors import DataError, Fault, RecipeError
from seqnlp.recipe.document import Document, Place
from seqnlp.recipe.locate import locate
from seqnlp.recipe.syntax import syntax_fault
from seqnlp.spelling import did_you_mean


def read_text(path: Path) -> str:
    """Read a recipe file, without a byte order mark.

    Raises:
        RecipeError: for a directory, or a file that is not UTF-8.
        DataError: if the file cannot be read at all.
    """
    if path.is_dir():
        raise _error(path, "this is a directory; expected a recipe file", "seqnlp recipes ls names what ships")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(error.strerror or str(error), path) from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", "replace").split("\n")
        problem = f"not a text file in UTF-8: found the byte 0x{content[error.start]:02x}"
        place = f"{path}:{len(before)}:{len(before[-1]) + 1}"
        raise RecipeError([Fault("", problem, "a recipe is a TOML file, saved as UTF-8", place)]) from None


def read_document(text: str, path: Path) -> Document:
    """Parse the text of a recipe and of all that it extends.

    Args:
        text: The recipe.
        path: The file that the text is from or would be saved to; `extends` and `plugins` are relative to it.

    Returns:
        The settings, without `extends`, with plugins as absolute paths.

    Raises:
        RecipeError: for text that is no TOML or empty, a base that is missing, files that extend each other.
        DataError: for a base that cannot be read.
    """
    return _read(text.removeprefix("\ufeff"), path, [])


def companions(text: str) -> list[str]:
    """The files that a recipe expects beside itself: what it extends, and its plugins."""
    try:
        data = tomllib.loads(text)
    except ValueError:
        return []
    plugins = data.get("plugins")
    names = [data.get("extends"), *(plugins if isinstance(plugins, list) else [])]
    return [name for name in names if isinstance(name, str) and not Path(name).expanduser().is_absolute()]


def _read(text: str, path: Path, heirs: list[Path]) -> Document:
    """`heirs` are the files that led here, the recipe itself first."""
    data = _parse(text, path)
    spots = locate(text).items()
    places = {keys: Place(len(heirs), line, column, str(path)) for keys, (line, column) in spots}
    if isinstance(plugins := data.get("plugins"), list):
        data["plugins"] = [_beside(path, name) if isinstance(name, str) else name for name in plugins]
    document = Document(str(path), data, places)
    if "extends" not in data:
        return document
    base = _base(data.pop("extends"), path, str(document.place(("extends",))), [*heirs, path])
    below = _read(read_text(base), base, [*heirs, path])
    below.lay(document)
    return below


def _parse(text: str, path: Path) -> dict[str, Any]:
    try:
        data = tomllib.loads(text)
    except ValueError as error:
        raise RecipeError([syntax_fault(str(error), text, str(path))]) from None
    except RecursionError:
        raise _error(path, "tables or arrays are nested too deeply") from None
    if not data:
        raise _error(path, "there are no settings in this file", "copy a recipe that ships: seqnlp recipes cp")
    return data


def _base(name: Any, path: Path, place: str, chain: list[Path]) -> Path:
    """Find the file that `extends` names."""
    if not isinstance(name, str):
        raise RecipeError([Fault("extends", "expected the name of one recipe file", 'extends = "base.toml"', place)])
    base = Path(os.path.normpath(path.parent / Path(name).expanduser()))
    if os.path.abspath(base) in map(os.path.abspath, chain):
        circle = " -> ".join(str(file) for file in [*chain, base])
        raise RecipeError([Fault("extends", f"recipes extend each other in a circle: {circle}", "", place)])
    if not base.exists():
        hint = did_you_mean(base.name, (file.name for file in base.parent.glob("*.toml")))
        raise RecipeError([Fault("extends", f"there is no file {base}", hint, place)])
    return base


def _beside(path: Path, name: str) -> str:
    return os.path.abspath(path.parent / Path(name).expanduser())


def _error(path: Path, problem: str, hint: str = "") -> RecipeError:
    return RecipeError([Fault("", problem, hint, str(path))])
