"""What translations looked at, as an SVG picture, written without any drawing library."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from seqnlp.plots.svg import escaped, picture, text, upwards

if TYPE_CHECKING:
    from seqnlp.results import Translation

CELL = 22
"""Pixels of a cell's side."""
LETTER = 8
"""Pixels that a character takes, about."""
MARGIN = 16
TITLE = "Attention: source across, translation down"

CELL_TEMPLATE = """\
<g><title>{token}: {weight:.2f} of {source}</title>\
<rect x="{x}" y="{y}" width="{side}" height="{side}" fill="rgb({pale},{pale},{blue})" stroke="#ddd"/></g>"""


def draw(results: Sequence[Translation]) -> str:
    """One matrix under the other: a column a source token, a row a token of the translation; darker is more.

    Args:
        results: Translations with their attention.
    """
    parts: list[str] = []
    width, top = 2 * MARGIN, MARGIN
    for result in results:
        left = MARGIN + LETTER * max(map(len, result.tokens)) + 8
        head = LETTER * max(map(len, result.source_tokens)) + 8
        parts += _matrix(result, left, top + head)
        width = max(width, left + CELL * len(result.source_tokens) + MARGIN)
        top += head + CELL * len(result.tokens) + MARGIN
    return picture(TITLE, width, max(top, 2 * MARGIN), "\n".join(parts))


def _matrix(result: Translation, left: int, top: int) -> Iterator[str]:
    for column, token in enumerate(result.source_tokens):
        x = left + CELL * column + CELL // 2 + 4
        yield upwards(x, top - 6, token)
    for row, (token, weights) in enumerate(zip(result.tokens, result.attention or [], strict=True)):
        y = top + CELL * row
        yield text(left - 6, y + CELL // 2 + 4, token, "end")
        for column, (source, weight) in enumerate(zip(result.source_tokens, weights, strict=True)):
            share = min(max(weight, 0.0), 1.0)
            yield CELL_TEMPLATE.format(
                token=escaped(token),
                source=escaped(source),
                weight=weight,
                x=left + CELL * column,
                y=y,
                side=CELL,
                pale=round(255 - 235 * share),
                blue=round(255 - 115 * share),
            )
