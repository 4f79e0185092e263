"""Recipe files as text and as TOML documents, merged with their bases. They are not yet validated."""

from __future__ import annotations

import os
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

from seqnlp.errors import DataError, Fault, RecipeError, RunError
from seqnlp.recipe.document import Document, Place
from seqnlp.recipe.locate import DOTTED_KEY, locate
from seqnlp.spelling import did_you_mean

OPEN_FILES = ("/dev/fd/", "/proc/self/fd/", "/dev/stdin")
"""Places of pipes that have a writer, such as those of `<(...)`; another one could be waited for for ever."""


def read_text(path: Path) -> str:
    """Read a recipe file, without a byte order mark.

    Raises:
        RecipeError: for a directory, or a file that is not UTF-8.
        DataError: if the file cannot be read at all.
    """
    if path.is_dir():
        raise _error(path, "this is a directory; expected a recipe file", "seqnlp recipes ls names what ships")
    if path.exists() and not path.is_file() and not str(path).startswith(OPEN_FILES):
        raise _error(path, "this is a pipe or a device; expected a recipe file", "seqnlp recipes ls names what ships")
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
    """Parse the text of a recipe and of its bases.

    Args:
        text: The recipe.
        path: The file that the text is from or would be saved to; `extends` and `plugins` are relative to it.

    Returns:
        The settings, without `extends`, with plugins as absolute paths.

    Raises:
        RecipeError: for text that is no TOML or empty, a base that is missing, files that extend each other.
        RunError: for the recipe of a run that names files outside of the run.
        DataError: for a base that cannot be read.
    """
    return _read(text.removeprefix("\ufeff"), path, [])


def dependencies(text: str) -> list[str]:
    """Relative paths that a recipe depends on: the recipe that it extends, and its plugins."""
    try:
        data = tomllib.loads(text)
    except ValueError:
        return []
    plugins = data.get("plugins")
    names = [data.get("extends"), *(plugins if isinstance(plugins, list) else [])]
    return [name for name in names if isinstance(name, str) and not os.path.isabs(os.path.expanduser(name))]


def _read(text: str, path: Path, chain: list[Path]) -> Document:
    """Parse one file; `chain` are the files that extend it, the recipe itself first."""
    data = _parse(text, path)
    spots = locate(text).items()
    places = {keys: Place(len(chain), line, column, str(path)) for keys, (line, column) in spots}
    of_run = is_of_run(path)
    if of_run:
        _check_self_contained(data, path)
    if isinstance(plugins := data.get("plugins"), list):
        data["plugins"] = [_resolve(path, name) if isinstance(name, str) else name for name in plugins]
    document = Document(str(path), data, places)
    if of_run and isinstance(plugins, list):
        document.foreign_plugins.update(name for name in data["plugins"] if isinstance(name, str))
    return _extended(document, path, chain)


def settings_document(settings: dict[str, Any], path: Path) -> Document:
    """Make a document of settings that were given in Python; faults in it have no place beside their key.

    Args:
        settings: Plain settings, see `seqnlp.recipe.settings.plain_settings`; they are changed.
        path: The file that they would be in; `extends` and `plugins` are relative to it.

    Raises:
        RecipeError: no settings; a base that is missing.
        DataError: for a base that cannot be read.
    """
    if not settings:
        raise RecipeError([Fault("", "there are no settings", 'for instance {"task": "classify", ...}')])
    if isinstance(plugins := settings.get("plugins"), list):
        settings["plugins"] = [_resolve(path, name) if isinstance(name, str) else name for name in plugins]
    return _extended(Document("", settings, {}), path, [])


def _extended(document: Document, path: Path, chain: list[Path]) -> Document:
    """Merge a document over the recipe that it extends, if it does."""
    if "extends" not in document.data:
        return document
    base_path = _base(document.data.pop("extends"), path, str(document.place(("extends",))), [*chain, path])
    base = _read(read_text(base_path), base_path, [*chain, path])
    base.merge(document)
    return base


def is_of_run(path: Path) -> bool:
    """Test for the recipe of a run, which anybody may have made."""
    file = Path(os.path.realpath(path))
    return file.name == "recipe.toml" and os.path.lexists(file.with_name("meta.json"))


def _check_self_contained(data: dict[str, Any], path: Path) -> None:
    """Check that a run's recipe names no files outside the run."""
    if "extends" in data:
        raise RunError("expected a complete recipe, as every run has one, found `extends`", path)
    plugins = data.get("plugins")
    for name in plugins if isinstance(plugins, list) else []:
        if isinstance(name, str) and not _is_carried(path.parent, name):
            found = repr(name if len(name) <= 80 else name[:79] + "…")
            raise RunError(
                f"`plugins` names {found}, but a run brings its own: expected plugins/NAME.py in it, and no link", path
            )


def _is_carried(run: Path, name: str) -> bool:
    folder, file = os.path.split(name)
    expected = os.path.join(os.path.realpath(run), "plugins", file)
    return folder == "plugins" and "\0" not in file and os.path.realpath(run / name) == expected


def _parse(text: str, path: Path) -> dict[str, Any]:
    try:
        data = tomllib.loads(text)
    except ValueError as error:
        raise RecipeError([syntax_fault(error, text, str(path))]) from None
    except RecursionError:
        raise _error(path, "tables or arrays are nested too deeply") from None
    if not data:
        raise _error(path, "there are no settings in this file", "copy a recipe that ships: seqnlp recipes cp")
    return data


def _base(name: Any, path: Path, place: str, chain: list[Path]) -> Path:
    """Path of the recipe that `extends` names; `chain` are the files that extend each other so far."""
    if not isinstance(name, str):
        raise RecipeError([Fault("extends", "expected the name of one recipe file", 'extends = "base.toml"', place)])
    base = Path(os.path.normpath(path.parent / os.path.expanduser(name)))
    if os.path.abspath(base) in map(os.path.abspath, chain):
        circle = " -> ".join(str(file) for file in [*chain, base])
        raise RecipeError([Fault("extends", f"recipes extend each other in a circle: {circle}", "", place)])
    if not base.exists():
        hint = did_you_mean(base.name, (file.name for file in base.parent.glob("*.toml")))
        raise RecipeError([Fault("extends", f"there is no file {base}", hint, place)])
    return base


def _resolve(path: Path, name: str) -> str:
    return os.path.abspath(path.parent / os.path.expanduser(name))


def _error(path: Path, problem: str, hint: str = "") -> RecipeError:
    return RecipeError([Fault("", problem, hint, str(path))])


_POSITION = re.compile(r"(.*?) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)
_QUOTES = 'a string needs quotes: "text"'
_MESSAGES = [
    (r"Expected '=' after", "expected = after the key, found {rest}", "key = value"),
    (r"Expected ']' at the end of a table", "expected ] after the name of the section, found {rest}", "[section]"),
    (r"Expected newline", "expected the end of the line, found {rest}", f"one key = value a line; {_QUOTES}"),
    (r"Invalid statement", "expected key = value or [section], found {rest}", ""),
    (r"Invalid initial character for a key", "expected a key, found {rest}", ""),
    (r"Invalid value", "expected a value, found {rest}", _QUOTES),
    (r"Invalid date", "there is no such date or time: {rest}", _QUOTES),
    (r"Unclosed array", "expected , or ] in an array, found {rest}", ""),
    (r"Unclosed inline table", "expected , or }} in a table, found {rest}", ""),
    (r"Illegal character '\\n'|Unterminated string|Expected \"?'", "a string is not closed", ""),
    (r"Unescaped '\\'", "a backslash that escapes nothing", r"write \\, or use single quotes: 'C:\data'"),
    (r"Cannot declare", "the section {start} is declared twice", "put its keys into one section"),
    (r"Cannot|Duplicate", "{start} sets something that is set above", "keep one of them"),
]
"""Messages of `tomllib` and ours; `rest` is the line from the error on, `start` the key of the line."""
_TOML_SPELLINGS = {
    "True": "write true",
    "False": "write false",
    "None": "leave the key out",
    "null": "leave the key out",
}


def syntax_fault(error: ValueError, text: str, path: str) -> Fault:
    """Convert a TOML syntax error in a text to a fault; `path` names the file."""
    if not isinstance(error, tomllib.TOMLDecodeError):  # Python's own refusal of a number with thousands of digits
        return Fault("", "a number has too many digits", "", path)
    lines = text.replace("\r\n", "\n").split("\n")
    problem, number, column = _position(error, lines)
    line = lines[number - 1]
    start = line.strip()
    if problem.startswith(("Cannot", "Duplicate")):  # found only once the key or section has been read
        offset = len(line) - len(line.lstrip())
        key = DOTTED_KEY.match(start)
        start = f"`{key[0]}`" if key else start
    else:
        offset = column - 1
    rest = line[offset:].split(" #")[0].strip()
    if not rest:
        rest = "the end of the line" if number < len(lines) else "the end of the file"
    place = f"{path}:{number}:{offset + 1}"
    for pattern, words, hint in _MESSAGES:
        if re.match(pattern, problem):
            return Fault("", words.format(rest=rest, start=start), _TOML_SPELLINGS.get(rest, hint), place)
    return Fault("", f"not TOML: {problem[:1].lower()}{problem[1:]}", "", place)


def _position(error: tomllib.TOMLDecodeError, lines: list[str]) -> tuple[str, int, int]:
    """Message, line and column of a syntax error, counted from 1."""
    if sys.version_info >= (3, 14):
        return error.msg, error.lineno, error.colno
    match = _POSITION.fullmatch(str(error))
    assert match is not None
    problem, line, column = match.groups()
    return (problem, int(line), int(column)) if line else (problem, len(lines), len(lines[-1]) + 1)
