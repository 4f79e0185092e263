"""Bars of class probabilities."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import final

from rich.cells import cell_len
from textual.content import Content

from seqnlp.tui.widgets.lines import LinesView, column

MAX_NAME = 24
"""Columns of a name, at most."""


@final
class ClassBars(LinesView, can_focus=False):
    """A bar for each class; the predicted ones are marked."""

    DEFAULT_CSS = """
    ClassBars { padding: 0 2; height: auto; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.scores: Mapping[str, float] = {}
        self.chosen: Collection[str] = ()

    def show_scores(self, scores: Mapping[str, float], chosen: Collection[str], most: int) -> None:
        """Show classes.

        Args:
            scores: Probabilities by class.
            chosen: The predicted classes.
            most: Bars in view; classes stand still, by name, unless there are more: then the likeliest come first.
        """
        names = sorted(scores) if len(scores) <= most else sorted(scores, key=scores.__getitem__, reverse=True)
        self.scores, self.chosen = {name: scores[name] for name in names}, chosen
        self.styles.height = max(min(len(names), most), 1)
        self.changed()

    def lines(self, width: int) -> list[Content]:
        """A line for each class."""
        if not self.scores:
            return [Content.styled("a bar for each class will stand here", "$muted")]
        gutter = min(max(map(cell_len, self.scores)), MAX_NAME, max(width // 3, 4))
        return [self._line(name, score, gutter, width) for name, score in self.scores.items()]

    def _line(self, name: str, score: float, gutter: int, width: int) -> Content:
        here = name in self.chosen
        line = Content.assemble(
            ("▸ " if here else "  ", "$accent"),
            column(name, gutter, "bold" if here else "$muted"),
            (f"{100 * score:6.1f}%  ", "bold" if here else "$muted"),
        )
        room = max(width - line.cell_length, 0)
        halves = round(2 * min(max(score, 0.0), 1.0) * room)
        filled = "━" * (halves // 2) + "╸" * (halves % 2)
        return line.append(Content.styled(filled, "bold $accent" if here else "$primary")).append(
            Content.styled("╌" * (room - len(filled)), "dim" if self.app.ansi_color else "$faint")
        )
