"""Overlay with one line to type, which is checked as one types."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from seqnlp.tui.widgets.dialog import Dialog


@final
class LineScreen(Dialog[str | None]):
    """A modal line; its result is the text after enter, None after escape."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "back", priority=True)]

    DEFAULT_CSS = """
    LineScreen { align: center middle; background: $background 60%; }
    LineScreen > Vertical {
        width: 66; max-width: 96%; height: auto; max-height: 90%; padding: 1 2;
        background: $surface; border: round $accent; border-title-color: $accent; border-title-style: bold;
        border-subtitle-color: $muted;
    }
    LineScreen Input { border: none; height: 1; padding: 0; background: $panel; }
    LineScreen Static { width: 100%; height: auto; margin-top: 1; }
    LineScreen:ansi > Vertical { border: round ansi_default; }
    """

    def __init__(self, heading: str, text: str, hint: str, check: Callable[[str], str] = lambda text: "") -> None:
        """Set up.

        Args:
            heading: Stands in the frame.
            text: Stands in the line at first.
            hint: Explanation below the line.
            check: The fault of a text in one line; empty if it has none.
        """
        super().__init__()
        self._heading, self._first, self._hint, self._check = heading, text, hint, check

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title, box.border_subtitle = self._heading, "⏎ takes it · esc leaves all as it is"
            yield Input(self._first, id="answer", compact=True)
            yield Static(Content.styled(self._hint, "$muted"), id="hint")

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        fault = self._check(event.value)
        hint = Content.styled(self._hint, "$muted")
        content = Content.assemble(("✕ ", "bold $error"), (fault, "$error")) if fault else hint
        self.query_one("#hint", Static).update(content)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if not self._check(event.value):
            self.dismiss(event.value)

    def action_leave(self) -> None:
        """Choose nothing."""
        self.dismiss(None)
