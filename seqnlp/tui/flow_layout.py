"""Flow layout: cells of different widths in lines, as words in a paragraph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

GAP = 2
"""Columns between two words."""


@dataclass(frozen=True)
class Place:
    """Position of a cell."""

    line: int
    start: int
    """Its first column."""
    width: int


def flow(widths: Sequence[int], room: int, gap: int = GAP) -> list[Place]:
    """Place cells in lines, as many in each as fit; too wide ones are cut."""
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
    """Numbers of the cells in each line."""
    lines: list[list[int]] = [[] for _ in range(places[-1].line + 1)] if places else []
    for number, place in enumerate(places):
        lines[place.line].append(number)
    return lines


def nearest_in_line(places: Sequence[Place], number: int, by: int) -> int:
    """Nearest cell in the next line or the one before (`by` 1 or -1)."""
    here = places[number]
    there = [other for other, place in enumerate(places) if place.line == here.line + by]
    return min(there, key=lambda other: abs(places[other].start - here.start), default=number)


def bracket(label: str, width: int, opens: bool, closes: bool) -> str:
    """A line under the words of a span, with its label: `╰─ PER ─╯`; an end that is open has no corner.

    Args:
        label: Of the span.
        width: Columns of its words.
        opens: The first of the words is in this line.
        closes: The last one is.
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
    """Cut a text to a width, with an ellipsis."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + "…" if width > 0 else ""
