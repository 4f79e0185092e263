"""Table of the words that weighed most, with signed bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

from textual.content import Content
from textual.widget import Widget

from seqnlp.tui.widgets.alternatives import bar
from seqnlp.tui.widgets.lines import column
from seqnlp.tui.widgets.weighed_view import signed

MAX_NAME = 18
"""Columns of a word, at most."""


@final
class WeightTable(Widget):
    """A line for each word, the strongest first: its contribution to the likeliest class."""

    ALLOW_SELECT: ClassVar[bool] = False

    DEFAULT_CSS = """
    WeightTable { height: 1fr; width: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[tuple[str, float, int]] = []
        """Words, contributions of all their places together, and numbers of places."""

    def show(self, words: Sequence[str], contributions: Sequence[float]) -> None:
        """Show the words of a text; a word that stands there twice has one line."""
        sums: dict[str, tuple[float, int]] = {}
        for word, value in zip(words, contributions, strict=False):
            total, count = sums.get(word, (0.0, 0))
            sums[word] = (total + value, count + 1)
        self.rows = sorted(
            ((word, total, count) for word, (total, count) in sums.items()), key=lambda row: -abs(row[1])
        )
        self.refresh()

    def render(self) -> Content:
        width = self.size.width
        if not self.rows:
            return Content.styled("the words that weigh most", "$muted")
        seen = self.rows[: max(self.size.height, 1)]
        most = abs(seen[0][1]) or 1.0
        name = min(max(len(word) for word, _, _ in seen) + 4, MAX_NAME, max(width - 12, 4))
        return Content("\n").join([self._line(row, most, name, width) for row in seen])

    def _line(self, row: tuple[str, float, int], most: float, name: int, width: int) -> Content:
        word, total, count = row
        times = f" ×{count}" if count > 1 else ""
        colour = "$success" if total > 0 else "$error"
        line = Content.assemble(column(f"{word}{times}", name), column(signed(total), 7, colour, right=True), "  ")
        return line.append(Content.styled(bar(abs(total) / most, max(width - line.cell_length - 1, 0)), colour))
