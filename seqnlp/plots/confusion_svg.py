"""Confusion matrices as an SVG picture, written without any drawing library."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from seqnlp.plots.svg import escaped, picture, text, upwards

if TYPE_CHECKING:
    from seqnlp.results import ErrorReport

CELL = 34
"""Pixels of a cell's side."""
LETTER = 7
"""Pixels that a character takes, about."""
MARGIN = 16
HEADING = 28

CELL_TEMPLATE = """\
<g><title>{gold} taken for {said}: {count}</title>\
<rect x="{x}" y="{y}" width="{side}" height="{side}" fill="{colour}" stroke="#ddd"/>{number}</g>"""
NUMBER = '<text x="{x}" y="{y}" text-anchor="middle" font-size="10" fill="{colour}">{count}</text>'


def draw(title: str, reports: Mapping[str, ErrorReport]) -> str:
    """One matrix under the other: a row a right label, a column a predicted one; darker is a larger share of the row.

    Args:
        title: What the picture is of.
        reports: The matrices by the name of their label column.
    """
    parts: list[str] = []
    width, top = 0, MARGIN
    for name, report in reports.items():
        gutter = MARGIN + LETTER * max(map(len, report.rows)) + 8
        head = HEADING + LETTER * max(map(len, report.labels)) + 8
        parts.append(
            text(MARGIN, top + 12, f"{title}: {name}, {report.accuracy:.4f} right", "start", ' font-size="14"')
        )
        parts += _matrix(report, gutter, top + head)
        width = max(width, gutter + CELL * len(report.labels) + MARGIN, 2 * MARGIN + 8 * (len(title) + len(name) + 16))
        top += head + CELL * len(report.rows) + MARGIN
    return picture(title, width, top, "\n".join(parts))


def _matrix(report: ErrorReport, left: int, top: int) -> Iterator[str]:
    for column, label in enumerate(report.labels):
        x = left + CELL * column + CELL // 2 + 4
        yield upwards(x, top - 6, label)
    for row, gold in enumerate(report.rows):
        y = top + CELL * row
        yield text(left - 6, y + CELL // 2 + 4, gold, "end")
        total = sum(report.matrix[row])
        for column, said in enumerate(report.labels):
            count = report.matrix[row][column]
            yield _cell(left + CELL * column, y, gold, said, count, count / total if total else 0.0)


def _cell(x: int, y: int, gold: str, said: str, count: int, share: float) -> str:
    pale = round(255 - 190 * share)
    colour = f"rgb({pale},{pale},255)" if gold == said else f"rgb(255,{pale},{pale})"
    ink = "white" if share > 0.6 else "black"
    number = NUMBER.format(x=x + CELL // 2, y=y + CELL // 2 + 4, colour=ink, count=count) if count else ""
    colour = colour if count else "white"
    return CELL_TEMPLATE.format(
        gold=escaped(gold), said=escaped(said), count=count, x=x, y=y, side=CELL, colour=colour, number=number
    )
