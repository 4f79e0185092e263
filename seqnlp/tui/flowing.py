"""Cells of different widths in lines, as words in a paragraph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

GAP = 2
"""Columns between two words."""


@dataclass(frozen=True)
class Place:
    """Where a cell stands."""

    line: int
    start: int
    """Its first column."""
    width: int


def flow(widths: Sequence[int], room: int, gap: int = GAP) -> list[Place]:
    """Put cells one after the other, and into the next line where there is no room; too wide ones are cut."""
    places: list[Place] = []
    line = start = 0
    for wanted in widths:
        width = min(wanted, max(room, 1))
        if start and start + width > room:
            line, start = line + 1, 0
        places.append(Place(line, start, width))
        start += width + gap
    return places


def lines_of(places: Sequence[Place]) -> list[list[int]]:
    """The numbers of the cells in each line."""
    lines: list[list[int]] = [[] for _ in range(places[-1].line + 1)] if places else []
    for number, place in enumerate(places):
        lines[place.line].append(number)
    return lines


def beside(places: Sequence[Place], number: int, by: int) -> int:
    """The cell in the next line, or the one before (`by` 1 or -1), that stands most nearly below or above another."""
    here = places[number]
    there = [other for other, place in enumerate(places) if place.line == here.line + by]
    return min(there, key=lambda other: abs(places[other].start - here.start), default=number)


def bracket(label: str, width: int, opens: bool, closes: bool) -> str:
    """A line under words that belong together, with their label in it: `╰─ PER ─╯`; an end that is open has no corner.

    Args:
        label: What the words are.
        width: Columns of the words.
        opens: Whether the first of the words stands in this line.
        closes: Whether the last one does.
    """
    if width < 2:
        return "┴"
    left, right = "╰" if opens else "─", "╯" if closes else "─"
    room = width - 2
    named = f" {label} " if cell_len(label) + 2 <= room else label
    if cell_len(named) > room:
        named = cut(label, room)
    rest = room - cell_len(named)
    return left + "─" * (rest // 2) + named + "─" * (rest - rest // 2) + right


def cut(text: str, width: int) -> str:
    """A text with an ellipsis at its end if it is too wide."""
    from rich.cells import set_cell_size

    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + "…" if width > 0 else ""
