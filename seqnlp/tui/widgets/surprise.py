"""Curve of surprise along a text: mean bits of the tokens in each column."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import log
from typing import final

from textual.content import Content
from textual.widget import Widget

from seqnlp.tui.token_buffer import TokenBuffer

BARS = "▁▂▃▄▅▆▇█"

LEAST_SPAN = 0.5
"""Bits between the lowest bar and the highest, at least: smaller differences are none to look at."""


@final
class SurpriseCurve(Widget):
    """Bar for each part of a text; that of the cursor is marked.

    The lowest bar is the least surprise of a part, the highest the greatest.
    """

    DEFAULT_CSS = """
    SurpriseCurve { height: 2; width: 1fr; color: $muted; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._buffer = TokenBuffer()
        self._cursor: int | None = None

    def show_text(self, buffer: TokenBuffer, cursor: int | None) -> None:
        """Draw the curve of a text."""
        self._buffer, self._cursor = buffer, cursor
        self.refresh()

    def render(self) -> Content:
        bars = columns_of(self._buffer, max(self.size.width, 1))
        if not bars:
            return Content.styled("surprise", "$muted")
        line = Content(bars_of(bars))
        if self._cursor is not None:
            place = min(self._cursor * len(bars) // max(self._buffer.count, 1), len(bars) - 1)
            line = line.stylize("bold $accent", place, place + 1)
        return Content.assemble((f"surprise  {min(bars):.1f} to {max(bars):.1f} bits\n", "$muted"), line)


def bars_of(bits: Sequence[float]) -> str:
    """Bars between the least and the greatest of some means."""
    low = min(bits, default=0.0)
    span = max(max(bits, default=0.0) - low, LEAST_SPAN)
    return "".join(BARS[min(int((each - low) / span * len(BARS)), len(BARS) - 1)] for each in bits)


def columns_of(buffer: TokenBuffer, room: int) -> Sequence[float]:
    """Mean bits of the tokens in each column."""
    count = buffer.count
    columns = min(room, count)
    bounds = [place * count // columns for place in range(columns + 1)] if columns else []
    return [buffer.nll(left, right) / log(2) for left, right in pairwise(bounds)]
