"""Line chart, as large as there is room."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

from textual.content import Content
from textual.widget import Widget

from seqnlp.plots.axes import Points
from seqnlp.plots.terminal import chart

COLOURS = ("$primary", "$accent", "$secondary")
MIN_WIDTH = 20
"""Columns that a chart needs."""


@final
class ChartView(Widget):
    """Curves below a heading."""

    DEFAULT_CSS = """
    ChartView { height: 1fr; width: 1fr; }
    """

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._title, self._detail = "", ""
        self._series: Mapping[str, Points] = {}

    def show(self, title: str, detail: str, series: Mapping[str, Points]) -> None:
        """Draw curves; the detail stands after the title."""
        if (title, detail, series) != (self._title, self._detail, self._series):
            self._title, self._detail, self._series = title, detail, series
            self.refresh()

    def render(self) -> Content:
        width, height = self.size
        heading = Content.assemble((self._title, "bold"), ("  ", ""), (self._detail, "$muted"))
        lines = [heading.truncate(width, ellipsis=True)]
        if not any(self._series.values()):
            return Content("\n").join([*lines, Content.styled("nothing to draw yet", "$muted")])
        if width < MIN_WIDTH or height < 6:
            return lines[0]
        for row in chart(self._series, width, height, self._title).rows[1:]:  # its own heading has no styles
            parts = [(text, "$muted" if number is None else COLOURS[number % len(COLOURS)]) for text, number in row]
            lines.append(Content.assemble(*parts))
        return Content("\n").join(lines)


def meter(share: float, width: int) -> Content:
    """Progress bar, filled up to a share of its width."""
    done = round(min(max(share, 0.0), 1.0) * width)
    return Content.assemble(("━" * done, "$accent"), ("╌" * (width - done), "$faint"))
