"""Matrices as SVG: attention of translations, and confusion matrices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from seqnlp.plots.svg import escaped, svg_document, text, vertical_text

if TYPE_CHECKING:
    from seqnlp.results import ErrorReport, Translation

MARGIN = 16
"""Pixels around a matrix."""
HEADING = 28
"""Pixels of the heading over a confusion matrix."""
ATTENTION_CELL, CONFUSION_CELL = 22, 34
"""Pixels of a cell's side."""
ATTENTION_LETTER, CONFUSION_LETTER = 8, 7
"""Approximate width of a character, in pixels."""
ATTENTION_TITLE = "Attention: source across, translation down"

ATTENTION = """\
<g><title>{token}: {weight:.2f} of {source}</title>\
<rect x="{x}" y="{y}" width="{side}" height="{side}" fill="rgb({pale},{pale},{blue})" stroke="#ddd"/></g>"""
CONFUSION = """\
<g><title>{gold} predicted as {predicted}: {count}</title>\
<rect x="{x}" y="{y}" width="{side}" height="{side}" fill="{colour}" stroke="#ddd"/>{number}</g>"""
COUNT = '<text x="{x}" y="{y}" text-anchor="middle" font-size="10" fill="{colour}">{count}</text>'


def attention_svg(results: Sequence[Translation]) -> str:
    """Draw attention matrices in a column: source tokens across, target tokens down; darker is more."""
    parts: list[str] = []
    width, top = 2 * MARGIN, MARGIN
    for result in results:
        left = MARGIN + ATTENTION_LETTER * max(map(len, result.tokens)) + 8
        head = ATTENTION_LETTER * max(map(len, result.source_tokens)) + 8
        parts += _attention(result, left, top + head)
        width = max(width, left + ATTENTION_CELL * len(result.source_tokens) + MARGIN)
        top += head + ATTENTION_CELL * len(result.tokens) + MARGIN
    return svg_document(ATTENTION_TITLE, width, max(top, 2 * MARGIN), "\n".join(parts))


def confusion_svg(title: str, reports: Mapping[str, ErrorReport]) -> str:
    """Draw confusion matrices in a column, by label column.

    Gold labels go down, predicted ones across; darker is a larger share of the row.
    """
    parts: list[str] = []
    width, top = 0, MARGIN
    for name, report in reports.items():
        gutter = MARGIN + CONFUSION_LETTER * max(map(len, report.rows)) + 8
        head = HEADING + CONFUSION_LETTER * max(map(len, report.labels)) + 8
        heading = f"{title}: {name}, accuracy {report.accuracy:.4f}"
        parts.append(text(MARGIN, top + 12, heading, "start", ' font-size="14"'))
        parts += _confusion(report, gutter, top + head)
        columns = gutter + CONFUSION_CELL * len(report.labels) + MARGIN
        width = max(width, columns, 2 * MARGIN + 8 * (len(title) + len(name) + 19))
        top += head + CONFUSION_CELL * len(report.rows) + MARGIN
    return svg_document(title, width, top, "\n".join(parts))


def _attention(result: Translation, left: int, top: int) -> Iterator[str]:
    side = ATTENTION_CELL
    for column, token in enumerate(result.source_tokens):
        yield vertical_text(left + side * column + side // 2 + 4, top - 6, token)
    for row, (token, weights) in enumerate(zip(result.tokens, result.attention or [], strict=True)):
        y = top + side * row
        yield text(left - 6, y + side // 2 + 4, token, "end")
        for column, (source, weight) in enumerate(zip(result.source_tokens, weights, strict=True)):
            share = min(max(weight, 0.0), 1.0)
            yield ATTENTION.format(
                token=escaped(token),
                source=escaped(source),
                weight=weight,
                x=left + side * column,
                y=y,
                side=side,
                pale=round(255 - 235 * share),
                blue=round(255 - 115 * share),
            )


def _confusion(report: ErrorReport, left: int, top: int) -> Iterator[str]:
    side = CONFUSION_CELL
    for column, label in enumerate(report.labels):
        yield vertical_text(left + side * column + side // 2 + 4, top - 6, label)
    for row, gold in enumerate(report.rows):
        y = top + side * row
        yield text(left - 6, y + side // 2 + 4, gold, "end")
        total = sum(report.matrix[row])
        for column, predicted in enumerate(report.labels):
            count = report.matrix[row][column]
            yield _cell(left + side * column, y, gold, predicted, count, count / total if total else 0.0)


def _cell(x: int, y: int, gold: str, predicted: str, count: int, share: float) -> str:
    side, pale = CONFUSION_CELL, round(255 - 190 * share)
    colour = f"rgb({pale},{pale},255)" if gold == predicted else f"rgb(255,{pale},{pale})"
    ink = "white" if share > 0.6 else "black"
    number = COUNT.format(x=x + side // 2, y=y + side // 2 + 4, colour=ink, count=count) if count else ""
    colour = colour if count else "white"
    return CONFUSION.format(
        gold=escaped(gold), predicted=escaped(predicted), count=count, x=x, y=y, side=side, colour=colour, number=number
    )
