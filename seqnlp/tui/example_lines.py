"""Examples of dev as styled lines: what was given, what was expected, and below it what the model says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from textual.content import Content

from seqnlp.events import Example
from seqnlp.tui.widgets.lines import column

NAMES = ("given", "expected", "model")
NAME = 10
"""The width of these names."""


def examples(found: Sequence[Example], first: int, count: int, width: int) -> Content:
    """Some of the examples, each in three lines.

    Args:
        found: All of them.
        first: Which one comes first; after the last one the first comes again.
        count: How many, at most.
        width: Of the lines.
    """
    shown = [found[(first + number) % len(found)] for number in range(min(count, len(found)))]
    return Content("\n\n").join([Content("\n").join(_lines(example, width)) for example in shown])


def _lines(example: Example, width: int) -> Iterator[Content]:
    rows = [[_plain(cell) for cell in row] for row in (example.given, example.expected, example.predicted)]
    room = width - NAME
    widths = [max(map(cell_len, cells)) + 2 for cells in zip(*rows, strict=False)]
    for number, (name, row) in enumerate(zip(NAMES, rows, strict=True)):
        line, left = column(name, NAME, "$muted"), room
        for cell, size, right in zip(row, widths, rows[1], strict=False):
            if left <= 2:
                break
            wrong = number == 2 and example.labels and cell != right
            style = "bold $error" if wrong else ("$muted", "", "bold")[number]
            # what is wrong is underlined, since there may be no colours
            line = line.append(column(cell, min(size, left), f"{style} underline" if wrong else style))
            left -= size
        yield line


def _plain(cell: str) -> str:
    """The text in one line."""
    return "".join(sign if sign.isprintable() else "⏎" if sign == "\n" else " " for sign in cell)
