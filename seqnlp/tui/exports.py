"""Files that a screen is exported to: one content, in the format that the name's ending tells."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from seqnlp.errors import DataError, UsageError
from seqnlp.run.files import saving, write_bytes
from seqnlp.spelling import did_you_mean

FOLDER = Path("exports")
"""Usual folder, in the working directory."""

Formats = Mapping[str, Callable[[], str]]
"""Text of a file by its suffix, made when it is wanted; the usual format first."""


def usual_name(name: str, formats: Formats) -> str:
    """First numbered name that no file has.

    Args:
        name: Of the screen.
        formats: Its formats.
    """
    suffix = next(iter(formats))
    base = "".join(sign if sign.isalnum() or sign in "-_." else "_" for sign in name).strip("._") or "export"
    names = (FOLDER / f"{base}-{number}{suffix}" for number in range(1, 10**6))
    return str(next(each for each in names if not os.path.lexists(each)))


def problem_of(name: str, formats: Formats) -> str:
    """Problem of a name, in a line; empty if a file can be written there."""
    path = Path(os.path.expanduser(name.strip()))
    suffixes = ", ".join(formats)
    if not path.name:
        return "expected the name of a file"
    if path.suffix not in formats:
        hint = did_you_mean(path.suffix, formats) if path.suffix else ""
        return f"expected a name that ends in one of {suffixes}{f' ({hint})' if hint else ''}"
    if os.path.lexists(path):
        return f"{path}: there is a file already; give another name"
    return ""


def write_export(name: str, formats: Formats) -> Path:
    """Write a file, whole or not at all; it replaces none.

    Raises:
        seqnlp.errors.UsageError: the name has no known ending, or is taken.
        seqnlp.errors.DataError: the file can't be written.
    """
    if problem := problem_of(name, formats):
        raise UsageError(problem)
    path = Path(os.path.expanduser(name.strip()))
    try:
        with saving(path, "exporting"):
            path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, formats[path.suffix]().encode("utf-8", "surrogatepass"))
    except OSError as error:
        raise DataError((error.strerror or str(error)).lower(), path) from None
    return path
