"""Lines of text that are laid out anew when their width changes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Size

from seqnlp.tui.widgets.line_scroll import LineScroll


class LinesView(LineScroll, can_focus=True):
    """Fill in `lines`; call `changed` when what they show has changed."""

    DEFAULT_CSS = """
    LinesView { width: 1fr; height: 1fr; overflow-y: auto; }
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: Sequence[Content] = ()
        self._made_for = -1
        """The width that the lines are for; -1: they have to be made anew."""

    @abstractmethod
    def lines(self, width: int) -> Sequence[Content]:
        """All lines, for a width in cells."""

    def changed(self) -> None:
        """Lay out and draw what is shown now."""
        self._made_for = -1
        self._make()
        self.refresh()

    def on_resize(self) -> None:
        """Lay out for the new width."""
        self._make()

    def on_focus(self) -> None:
        """The cursor is seen."""
        self.changed()

    def on_blur(self) -> None:
        """The cursor is seen no longer."""
        self.changed()

    def line(self, number: int, width: int) -> Content | None:
        """One of the lines."""
        self._make()
        return self._lines[number] if number < len(self._lines) else None

    def _make(self) -> None:
        width = self.scrollable_content_region.width
        if width != self._made_for and width > 0:
            self._made_for = width
            self._lines = self.lines(width)
            if self.virtual_size.height != len(self._lines):
                self.virtual_size = Size(0, len(self._lines))
