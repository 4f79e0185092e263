"""Two answers side by side, or one below the other where it is narrow, each under the name of its run."""

from __future__ import annotations

from typing import ClassVar, final

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static


@final
class Sides(Horizontal):
    """Two widgets with a heading each."""

    SCOPED_CSS: ClassVar[bool] = False
    """So that the class of the screen says whether it is narrow."""

    DEFAULT_CSS = """
    Sides { height: 1fr; }
    Sides > .side { width: 1fr; height: 1fr; padding: 0 1; }
    Sides > .side > .name { height: 1; padding: 0 1; margin-bottom: 1; }
    Sides > #right { border-left: solid $faint; }
    .-narrow Sides { layout: vertical; }
    .-narrow Sides > .side > .name { margin-bottom: 0; }
    .-narrow Sides > #right { border-left: none; border-top: solid $faint; }
    """

    def __init__(self, left: Widget, right: Widget) -> None:
        super().__init__()
        self.both = (left, right)

    def compose(self) -> ComposeResult:
        """The headings and the widgets."""
        for side, widget in zip(("left", "right"), self.both, strict=True):
            with Vertical(id=side, classes="side"):
                yield Static("", classes="name", markup=False)
                yield widget

    def head(self, left: Content, right: Content) -> None:
        """Write the headings."""
        for name, content in zip(self.query(".name").results(Static), (left, right), strict=True):
            name.update(content)
