"""Lines of text that are laid out anew when their width changes, of which only those that are seen are drawn."""

from __future__ import annotations

from abc import abstractmethod

from textual.content import Content
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from seqnlp.tui.widgets.lines import strip_of


class LinesView(ScrollView, can_focus=True):
    """Fill in `lines`; call `changed` when what they show has changed."""

    DEFAULT_CSS = """
    LinesView {
        width: 1fr; height: 1fr; background: $background; overflow-x: hidden; overflow-y: auto;
        scrollbar-size-vertical: 1;
    }
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: list[Content] = []
        self._made_for = -1
        """The width that the lines are for; -1: they have to be made anew."""

    @abstractmethod
    def lines(self, width: int) -> list[Content]:
        """All lines, for a width in cells."""

    def changed(self) -> None:
        """Lay out and draw what is shown now."""
        self._made_for = -1
        self._make()
        self.refresh()

    def show_lines(self, first: int, last: int) -> None:
        """Scroll no further than it takes to see these lines."""
        height = self.scrollable_content_region.height
        top = min(max(self.scroll_offset.y, last - height + 1), first)
        self.scroll_to(y=top, animate=False)

    def on_resize(self) -> None:
        """Lay out for the new width."""
        self._make()

    def on_focus(self) -> None:
        """The cursor is seen."""
        self.changed()

    def on_blur(self) -> None:
        """The cursor is seen no longer."""
        self.changed()

    def render_line(self, y: int) -> Strip:
        """One line of what is seen."""
        self._make()
        number, width = y + self.scroll_offset.y, self.scrollable_content_region.width
        if number >= len(self._lines):
            return Strip.blank(width, self.visual_style.rich_style)
        return strip_of(self, self._lines[number], width)

    def _make(self) -> None:
        width = self.scrollable_content_region.width
        if width != self._made_for and width > 0:
            self._made_for = width
            self._lines = self.lines(width)
            if self.virtual_size.height != len(self._lines):
                self.virtual_size = Size(0, len(self._lines))
