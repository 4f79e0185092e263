"""Lines that are scrolled through, of which only those that are seen are drawn."""

from __future__ import annotations

from abc import abstractmethod

from textual import events
from textual.content import Content
from textual.scroll_view import ScrollView
from textual.strip import Strip

from seqnlp.tui.widgets.lines import strip_of


class LineScroll(ScrollView):
    """Fill in `line`, and set `virtual_size` to how many there are."""

    DEFAULT_CSS = """
    LineScroll { background: $background; overflow-x: hidden; scrollbar-size-vertical: 1; }
    """

    @abstractmethod
    def line(self, number: int, width: int) -> Content | None:
        """One line for a width in cells; None if there are not so many."""

    def show_lines(self, first: int, last: int) -> None:
        """Scroll no further than it takes to see these lines."""
        height = self.scrollable_content_region.height
        top = min(max(self.scroll_offset.y, last - height + 1), first)
        self.scroll_to(y=top, animate=False)

    def line_under(self, event: events.MouseEvent) -> int:
        """The number of the line that the mouse is on; -1 if it is on none, as beside the text."""
        content = event.get_content_offset(self)
        return -1 if content is None else content.y + self.scroll_offset.y

    def render_line(self, y: int) -> Strip:
        """One line of what is seen."""
        width = self.scrollable_content_region.width
        line = self.line(y + self.scroll_offset.y, width)
        return Strip.blank(width, self.visual_style.rich_style) if line is None else strip_of(self, line, width)
