"""Two widgets side by side, each under a heading."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static


@final
class Sides(Horizontal):
    """Left and right, or above and below."""

    SCOPED_CSS: ClassVar[bool] = False
    """For the class of the screen tells if it is narrow."""

    DEFAULT_CSS = """
    Sides { height: 1fr; }
    Sides > .side { width: 1fr; height: 1fr; padding: 0 1; }
    Sides > .side > .heading { height: 1; padding: 0 1; margin-bottom: 1; }
    Sides > #left { padding: 0 2 0 1; }
    Sides > #right { border-left: solid $faint; }
    .-narrow Sides { layout: vertical; }
    .-narrow Sides > .side > .heading { margin-bottom: 0; }
    .-narrow Sides > #left { padding: 0 1; }
    .-narrow Sides > #right { border-left: none; border-top: solid $faint; }
    """

    def __init__(self, widgets: Sequence[Widget], headings: Sequence[Content]) -> None:
        super().__init__()
        self._widgets, self._headings = widgets, headings

    def compose(self) -> ComposeResult:
        for side, widget, heading in zip(("left", "right"), self._widgets, self._headings, strict=True):
            with Vertical(id=side, classes="side"):
                yield Static(heading, classes="heading")
                yield widget

    def set_headings(self, headings: Sequence[Content]) -> None:
        """Change the headings."""
        for heading, content in zip(self.query(".heading").results(Static), headings, strict=True):
            heading.update(content)
