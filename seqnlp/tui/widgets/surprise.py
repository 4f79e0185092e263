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

TOP = 8.0
"""Bits of the highest bar."""


@final
class SurpriseCurve(Widget):
    """A bar for each part of the text; the one with the cursor is marked."""

    DEFAULT_CSS = """
    SurpriseCurve { height: 1; width: 1fr; color: $muted; }
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
        label = "surprise "
        room = max(self.size.width - len(label), 1)
        bars = columns_of(self._buffer, room)
        line = Content("".join(BARS[min(int(bits / TOP * len(BARS)), len(BARS) - 1)] for bits in bars))
        if self._cursor is not None and bars:
            place = min(self._cursor * len(bars) // max(self._buffer.count, 1), len(bars) - 1)
            line = line.stylize("bold $accent", place, place + 1)
        return Content.assemble((label, "$muted"), line)


def columns_of(buffer: TokenBuffer, room: int) -> Sequence[float]:
    """Mean bits of the tokens in each column."""
    count = buffer.count
    columns = min(room, count)
    bounds = [place * count // columns for place in range(columns + 1)] if columns else []
    return [buffer.nll(left, right) / log(2) for left, right in pairwise(bounds)]
