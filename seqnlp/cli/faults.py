"""Faults of a recipe in a terminal: place and problem, and a caret under the line."""

from __future__ import annotations

import re
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from seqnlp.errors import Fault, RecipeError

_PLACE = re.compile(r"(?P<file>.+?):(?P<line>\d+)(:(?P<column>\d+))?")
_MARGIN = 20


def show_faults(error: RecipeError, console: Console) -> None:
    """Print every fault with its line; a file that cannot be read is only named."""
    for fault in error.faults:
        message = Text("error: ", style="bold red")
        where = ": ".join(filter(None, (fault.place, fault.key)))
        message.append(_visible(f"{where}: " if where else ""), style="bold")
        message.append(_visible(fault.problem), style="default")
        _print(console, message)
        excerpt = _excerpt(fault, console.width)
        if excerpt is not None:
            _print(console, excerpt)
        if fault.hint:
            _print(console, Text("  hint: ", style="cyan").append(_visible(fault.hint), style="default"))
    count = len(error.faults)
    if count > 1:
        _print(console, Text(f"{count} faults"))


def _print(console: Console, text: Text) -> None:
    console.print(text, soft_wrap=True, highlight=False)


def _excerpt(fault: Fault, width: int) -> Text | None:
    """Line of the fault; a caret under the column if it has one."""
    place = _PLACE.fullmatch(fault.place)
    if place is None:
        return None
    number = int(place["line"])
    try:
        lines = Path(place["file"]).read_bytes().decode("utf-8-sig", "replace").split("\n")
        line = _visible(lines[number - 1].rstrip("\r"))
    except (OSError, IndexError):
        return None
    column = int(place["column"] or 0)
    gutter = f"{number:>5} | "
    room = max(width - len(gutter), 2 * _MARGIN)
    # Of a long line, the part around the column is shown.
    start = max(0, column - room + _MARGIN) if cell_len(line) > room else 0
    excerpt = Text(gutter, style="dim").append(line[start : start + room], style="default")
    if column:
        indent = cell_len(line[start : column - 1])
        excerpt.append(f"\n{' ' * (len(gutter) - 2)}| ").append(" " * indent + "^", style="bold red")
    return excerpt


def _visible(line: str) -> str:
    """Replace control characters, which would move the cursor or colour the terminal."""
    return "".join(character if character.isprintable() else " " if character == "\t" else "�" for character in line)
