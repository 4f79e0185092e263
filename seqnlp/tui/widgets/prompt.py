"""Text input, of one line or several."""

from __future__ import annotations

from typing import ClassVar, final

from textual import events
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input, TextArea

from seqnlp.tui.history import PromptWalk


@final
class Prompt(TextArea, inherit_bindings=False):
    """Text area that grows with its text up to five lines; enter submits it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "submit", show=False, priority=True),
        Binding("ctrl+j", "new_line", "new line", key_display="^j"),
        Binding("shift+enter,alt+enter", "new_line", "new line", show=False),
        *TextArea.BINDINGS,
    ]

    DEFAULT_CSS = """
    Prompt {
        width: 1fr; height: auto; max-height: 5; border: none; padding: 0; background: $background;
        scrollbar-size: 0 1; scrollbar-gutter: stable;
        &:focus { border: none; }
        .text-area--cursor-line { background: $surface; }
        &:ansi .text-area--cursor-line { text-style: bold; }
        &:dark .text-area--cursor, &:light .text-area--cursor {
            color: $input-cursor-foreground; background: $input-cursor-background;
        }
    }
    """

    class Edited(Message):
        """The text has changed, or another line of it is chosen."""

    class Submitted(Message):
        """Enter was pressed."""

    class LeftBelow(Message):
        """The cursor was moved down from the last line; a `Line` posts it too."""

    def __init__(self, placeholder: str, id: str, *, select_on_focus: bool = False, by_line: bool = False) -> None:
        """Begin empty.

        Args:
            placeholder: Stands there while there is no text.
            id: The name of the widget.
            select_on_focus: Typing replaces the text that was there.
            by_line: Each line is a text of its own: the one with the cursor is marked where there are several.
        """
        super().__init__(placeholder=placeholder, id=id, compact=True, highlight_cursor_line=False)
        self.walk = PromptWalk()
        """Earlier prompts, which up and down lead through."""
        self._select_on_focus, self._by_line = select_on_focus, by_line
        self._last = ""

    @property
    def chosen(self) -> str:
        """The whole text, or the line with the cursor; if that is blank, the last one above it that is not."""
        if not self._by_line:
            return self.text
        lines = self.text.split("\n")[: self.cursor_location[0] + 1]
        return next((line for line in reversed(lines) if line.strip()), "")

    def load_text(self, text: str) -> None:
        super().load_text(text)
        self.move_cursor(self.document.end)

    def restore(self, text: str) -> None:
        """Show an earlier text; typing replaces it, the arrows keep it."""
        self.text = text
        self.select_all()

    def next_line(self) -> bool:
        """Choose the next line that is not blank; False if there is none."""
        lines = self.text.split("\n")
        row = self.cursor_location[0]
        found = next((number for number in range(row + 1, len(lines)) if lines[number].strip()), None)
        if self._by_line and found is not None:
            self.move_cursor((found, len(lines[found])))
        return self._by_line and found is not None

    def on_focus(self, event: events.Focus) -> None:
        if self._select_on_focus and not event.from_app_focus:
            self.select_all()

    def on_text_area_changed(self) -> None:
        self.highlight_cursor_line = self._by_line and self.document.line_count > 1
        self.call_after_refresh(self.scroll_cursor_visible)
        self._post()

    def on_text_area_selection_changed(self) -> None:
        self._post()

    def action_submit(self) -> None:
        """Submit the text."""
        self.post_message(self.Submitted())

    def action_new_line(self) -> None:
        """Insert a line break."""
        self.replace("\n", *self.selection, maintain_selection_offset=False)

    def action_cursor_up(self, select: bool = False) -> None:
        if select or not self.navigator.is_first_wrapped_line(self.cursor_location) or not self._recall(-1):
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        if select or not self.navigator.is_last_wrapped_line(self.cursor_location):
            super().action_cursor_down(select)
        elif not self._recall(1):
            self.post_message(self.LeftBelow())

    def _recall(self, by: int) -> bool:
        """Show an earlier prompt, or a later one; False if there is none."""
        text = self.walk.step(by, self.text)
        if text is not None:
            self.text = text
        return text is not None

    def action_undo(self) -> None:
        """Undo typing; if there is nothing, the screen may have something to undo."""
        if not self.history.undo_stack:
            raise SkipAction()
        super().action_undo()

    def _post(self) -> None:
        if self.chosen != self._last:
            self._last = self.chosen
            self.post_message(self.Edited())


@final
class Line(Input):
    """One-line input; up and down walk through earlier lines, and past the latest one down leaves it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "leave_below", "look closer"),
        Binding("up", "recall", "earlier", show=False),
    ]

    DEFAULT_CSS = """
    Line { border: none; height: 1; padding: 0; width: 1fr; background: $background; }
    """

    def __init__(self, placeholder: str, id: str) -> None:
        super().__init__(placeholder=placeholder, id=id, compact=True, select_on_focus=False)
        self.walk = PromptWalk()
        """Earlier lines."""

    @property
    def text(self) -> str:
        """Text of the line."""
        return self.value

    def restore(self, text: str) -> None:
        """Show an earlier text."""
        self.value = text
        self.cursor_position = len(text)

    def action_leave_below(self) -> None:
        """Show a later line, or leave to the answer."""
        if not self._recall(1):
            self.post_message(Prompt.LeftBelow())

    def action_recall(self) -> None:
        """Show an earlier line."""
        self._recall(-1)

    def _recall(self, by: int) -> bool:
        text = self.walk.step(by, self.value)
        if text is not None:
            self.restore(text)
        return text is not None
