"""Question with a line for the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from seqnlp.tui.widgets.dialog import Dialog


@final
class AskScreen(Dialog[str | None]):
    """A modal question; its result is the text of the line, or None after escape."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "leave it")]

    DEFAULT_CSS = """
    AskScreen { align: center middle; background: $background 60%; }
    AskScreen > Vertical {
        width: 66; max-width: 94%; height: auto; max-height: 90%; padding: 1 3;
        background: $surface; border: round $accent; border-title-color: $accent; border-title-style: bold;
        border-subtitle-color: $muted;
    }
    AskScreen Static { width: 100%; height: auto; }
    AskScreen Horizontal { height: 1; margin-top: 1; }
    AskScreen .sign { width: 2; color: $accent; }
    AskScreen Input { border: none; height: 1; padding: 0; width: 1fr; background: $surface; }
    AskScreen #problem { margin-top: 1; color: $error; display: none; }
    AskScreen:ansi > Vertical { border: round ansi_default; }
    """

    def __init__(self, heading: str, text: str, value: str, check: Callable[[str], str] = lambda text: "") -> None:
        """Set up.

        Args:
            heading: Stands in the frame.
            text: The question.
            value: Stands in the line at first.
            check: Problem of an answer, which is then not taken; empty if it is right.
        """
        super().__init__()
        self._heading, self._text, self._value, self._check = heading, text, value, check

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title, box.border_subtitle = self._heading, "⏎ takes it · esc leaves all as it is"
            yield Static(Content(self._text))
            with Horizontal():
                yield Static("❯", classes="sign")
                yield Input(self._value, compact=True)
            yield Static("", id="problem", markup=False)

    @on(Input.Submitted)
    def _answered(self, event: Input.Submitted) -> None:
        event.stop()
        if not self.is_current:
            return  # enter was pressed twice
        problem = self._check(event.value)
        told = self.query_one("#problem", Static)
        told.display = bool(problem)
        told.update(problem)
        if not problem:
            self.dismiss(event.value)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.query_one("#problem", Static).display = False

    def action_leave(self) -> None:
        """Answer nothing."""
        if self.is_current:
            self.dismiss(None)
