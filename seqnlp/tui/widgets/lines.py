"""Styled lines: columns, and scrollable widgets that draw only the lines in view."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from rich.segment import Segment
from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip


def column(text: str, width: int, style: str = "", right: bool = False) -> Content:
    """Text in a column: cut with an ellipsis if it is too long, padded with blanks if too short."""
    cut = Content.styled(text, style).truncate(max(width, 0), ellipsis=True)
    rest = max(width - cut.cell_length, 0)
    return cut.pad_left(rest) if right else cut.pad_right(rest)


class LineScroll(ScrollView):
    """Scrollable lines, drawn one by one: fill in `line`, and set `virtual_size` to their number."""

    DEFAULT_CSS = """
    LineScroll { background: $background; overflow-x: hidden; scrollbar-size-vertical: 1; }
    """

    @abstractmethod
    def line(self, number: int, width: int) -> Content | None:
        """One line for a width in cells; None past the last one."""

    def show_lines(self, first: int, last: int) -> None:
        """Scroll no further than it takes to see these lines."""
        height = self.scrollable_content_region.height
        top = min(max(self.scroll_offset.y, last - height + 1), first)
        self.scroll_to(y=top, animate=False, force=True)  # the scroll bar may come later

    def line_under(self, event: events.MouseEvent) -> int:
        """Number of the line under the mouse; -1 if it is on none, as beside the text."""
        content = event.get_content_offset(self)
        return -1 if content is None else content.y + self.scroll_offset.y

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        line = self.line(y + self.scroll_offset.y, width)
        if line is None:
            return Strip.blank(width, self.visual_style.rich_style)
        line = line.truncate(width, ellipsis=True)
        line = line.pad_right(max(width - line.cell_length, 0))
        parts = line.render(self.visual_style, end="", parse_style=self.app.stylesheet.parse_style)
        return Strip([Segment(text, style.rich_style) for text, style in parts], width)


class LinesView(LineScroll, can_focus=True):
    """Lines that depend on the width: fill in `lines`; call `changed` when their content has changed."""

    DEFAULT_CSS = """
    LinesView { width: 1fr; height: 1fr; overflow-y: auto; }
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: Sequence[Content] = ()
        self._made_for = -1
        """The width that the lines are for; -1: they have to be made again."""

    @abstractmethod
    def lines(self, width: int) -> Sequence[Content]:
        """All lines, for a width in cells."""

    def changed(self) -> None:
        """Lay out and draw the current content."""
        self._made_for = -1
        self._make()
        self.refresh()

    def on_resize(self) -> None:
        """Lay out for the new width."""
        self._make()

    def on_focus(self) -> None:
        self.changed()

    def on_blur(self) -> None:
        self.changed()

    def line(self, number: int, width: int) -> Content | None:
        self._make()
        return self._lines[number] if number < len(self._lines) else None

    def _make(self) -> None:
        width = self.scrollable_content_region.width
        if width != self._made_for and width > 0:
            self._made_for = width
            self._lines = self.lines(width)
            if self.virtual_size.height != len(self._lines):
                self.virtual_size = Size(0, len(self._lines))
