"""Presets: named settings of generation, shipped ones and those in the user's `presets.toml`."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seqnlp.errors import DataError, UsageError
from seqnlp.generation.settings import check_settings
from seqnlp.run.files import saving, write_bytes
from seqnlp.spelling import nearest_or_all

FILE = "presets.toml"

SHIPPED: Mapping[str, Mapping[str, Any]] = {
    "greedy": {"temperature": 0.0},
    "cautious": {"temperature": 0.5, "top_p": 0.9},
    "balanced": {"temperature": 0.8},
    "nucleus": {"temperature": 1.0, "top_p": 0.9},
    "bold": {"temperature": 1.2, "min_p": 0.05},
    "varied": {"temperature": 0.8, "repetition_penalty": 1.2, "repetition_window": 100},
    "line": {"temperature": 0.8, "stop": ["\n"]},
}
"""Presets that come with the program."""


def presets_file() -> Path:
    """Path of the user's presets: in `$XDG_CONFIG_HOME/seqnlp` or `~/.config/seqnlp` on Linux."""
    from platformdirs import user_config_path  # slow to import

    return user_config_path("seqnlp", appauthor=False) / FILE


def presets(file: Path | None = None) -> dict[str, dict[str, Any]]:
    """All presets by name; one of the user takes the place of a shipped one.

    Args:
        file: By default that of the user, which need not exist.

    Raises:
        seqnlp.errors.DataError: the file can't be read, or something in it is no preset.
    """
    path = presets_file() if file is None else file
    found = {name: dict(settings) for name, settings in SHIPPED.items()}
    try:
        text = path.read_text(encoding="utf-8-sig")
        tables = tomllib.loads(text)
    except FileNotFoundError:
        return found
    except OSError as error:
        raise DataError((error.strerror or str(error)).lower(), path) from None
    except RecursionError:
        raise DataError("tables or arrays are nested too deeply", path) from None
    except ValueError as error:  # of text that is not UTF-8, of TOML, or of a number with thousands of digits
        raise DataError(f"this is no TOML: {error}", path) from None
    for name, settings in tables.items():
        if not isinstance(settings, dict):
            raise DataError(f"{name}: expected a table of settings, such as [{name}]", path, _line(text, name))
        for key, value in settings.items():
            try:
                check_settings({key: value})
            except UsageError as error:
                raise DataError(f"[{name}] {error}", path, _line(text, key, name)) from None
        found[name] = dict(settings)
    return found


def preset(name: str, file: Path | None = None) -> dict[str, Any]:
    """Settings of a preset.

    Raises:
        seqnlp.errors.UsageError: there is none of this name.
        seqnlp.errors.DataError: the user's file has a fault.
    """
    known = presets(file)
    if name not in known:
        raise UsageError(f"preset {name}: there is no such preset; {nearest_or_all(name, known)}")
    return known[name]


def save_preset(name: str, settings: Mapping[str, Any], file: Path | None = None) -> Path:
    """Add a preset to the user's file.

    Args:
        name: A new one; letters, digits, `_` and `-`.
        settings: By name; those that are None or empty are left out.
        file: By default that of the user.

    Returns:
        The file.

    Raises:
        seqnlp.errors.UsageError: the name is none, or taken.
        seqnlp.errors.DataError: the file has a fault, or can't be written.
    """
    path = presets_file() if file is None else file
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        raise UsageError(f"preset {name!r}: expected letters, digits, _ and -")
    if name in presets(path):
        raise UsageError(f"preset {name}: there is one already")
    kept = check_settings({key: value for key, value in settings.items() if value not in (None, [], {}, "")})
    before = path.read_text(encoding="utf-8").rstrip("\n") + "\n\n" if path.exists() else ""
    table = "".join(f"{key} = {_toml(value)}\n" for key, value in kept.items())
    with saving(path.parent, "saving a preset"):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, f"{before}[{name}]\n{table}".encode())
    return path


def _toml(value: object) -> str:
    """Serialize a value as TOML: JSON's strings, with DEL escaped."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{_toml(key)} = {_toml(inner)}' for key, inner in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _line(text: str, key: str, table: str = "") -> int:
    """Line of a key, from 1; the first one of the table if it is spelled in another way."""
    lines = text.split("\n")
    names = [rf"""["']?{re.escape(name)}["']?""" for name in (table, key)]
    begin = next((number for number, line in enumerate(lines) if re.match(rf"\s*\[\s*{names[0]}\s*\]", line)), 0)
    own = (number for number, line in enumerate(lines[begin:], begin) if re.match(rf"\s*{names[1]}\s*[=.]", line))
    return next(own, begin) + 1
