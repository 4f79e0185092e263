"""Horizontal bars as SVG."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from seqnlp.plots.svg import escaped, svg_document, text

WIDTH, MARGIN, HEADING, ROW = 640, 16, 28, 20
"""Pixels of the picture and around it; height of a heading and of a bar."""
LETTER = 7
"""Approximate width of a character, in pixels."""
LABELS, VALUE = 200, 60
"""Pixels for the labels, at most, and for the value behind a bar."""
COLOUR = "#0b6fb8"

BAR = """\
<g><title>{hint}</title><rect x="{x}" y="{y}" width="{width:.1f}" height="{height}" fill="{colour}"/></g>"""


@dataclass(frozen=True)
class Bar:
    """One bar of a chart."""

    label: str
    value: float
    """Length, from 0 on."""
    text: str
    """Value in words."""
    hint: str
    """Tooltip."""


def bars_svg(title: str, charts: Mapping[str, Sequence[Bar]]) -> str:
    """Draw charts in a column, by heading; the longest bar of each fills the width."""
    parts = [text(MARGIN, MARGIN + 12, title, "start", ' font-size="14"')]
    top = MARGIN + HEADING
    for heading, bars in charts.items():
        parts.append(text(MARGIN, top + 14, heading, "start", ' font-weight="bold"'))
        top += HEADING
        parts += _chart(bars, top)
        top += ROW * len(bars) + MARGIN
    width = max(WIDTH, 2 * MARGIN + 8 * len(title))
    return svg_document(title, width, top, "\n".join(parts))


def _chart(bars: Sequence[Bar], top: int) -> Iterator[str]:
    left = MARGIN + min(LETTER * max((len(bar.label) for bar in bars), default=0), LABELS) + 8
    room = WIDTH - MARGIN - VALUE - left
    most = max((bar.value for bar in bars), default=0.0) or 1.0
    for number, bar in enumerate(bars):
        y, length = top + ROW * number, room * max(bar.value, 0.0) / most
        yield text(left - 6, y + 14, bar.label, "end")
        hint = escaped(f"{bar.label}: {bar.text}" + (f" ({bar.hint})" if bar.hint else ""))
        yield BAR.format(hint=hint, x=left, y=y + 3, width=length, height=ROW - 6, colour=COLOUR)
        yield text(left + length + 6, y + 14, bar.text, "start")
