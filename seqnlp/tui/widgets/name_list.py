"""A list of names, one of them chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from textual import events
from textual.content import Content
from textual.message import Message

from seqnlp.tui.flowing import cut
from seqnlp.tui.widgets.lines_view import LinesView


@final
class NameList(LinesView, can_focus=False):
    """A line a name; the screen moves the choice, and so does the mouse."""

    class Clicked(Message):
        """A name was clicked on."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self.names: Sequence[str] = ()
        self.index = 0

    def show_names(self, names: Sequence[str], index: int) -> None:
        """Show these names, one of them chosen."""
        self.names, self.index = names, index
        self.changed()
        self.show_lines(index, index)

    def on_click(self, event: events.Click) -> None:
        """Tell which name it was."""
        number = self.line_under(event)
        if 0 <= number < len(self.names):
            self.post_message(self.Clicked(number))

    def lines(self, width: int) -> list[Content]:
        """A line a name."""
        return [
            Content.assemble(
                ("▸ " if number == self.index else "  ", "$accent"),
                (cut(name, width - 2), "bold" if number == self.index else "$muted"),
            )
            for number, name in enumerate(self.names)
        ]
