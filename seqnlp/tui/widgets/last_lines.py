"""A text that grows at its end, which is where one looks."""

from __future__ import annotations

from typing import final

from textual.content import Content

from seqnlp.tui.widgets.lines_view import LinesView


@final
class LastLines(LinesView, can_focus=False):
    """Shows the last lines again whenever there is another text, or another height for it."""

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self.content = Content("")

    def show_text(self, content: Content) -> None:
        """Show a text of lines."""
        if not content.is_same(self.content):
            self.content = content
            self.changed()
            self._to_the_end()

    def on_resize(self) -> None:
        """The last line stays in sight."""
        self._to_the_end()

    def watch_show_vertical_scrollbar(self) -> None:
        """Only now it can be scrolled."""
        self._to_the_end()

    def lines(self, width: int) -> list[Content]:
        """The lines; those that are too long are wrapped."""
        parts = self.content.split("\n", allow_blank=True)
        return [line for part in parts for line in (part.wrap(width) if part.cell_length > width else [part])]

    def _to_the_end(self) -> None:
        self._make()
        last = max(self.virtual_size.height - 1, 0)
        self.show_lines(last, last)
