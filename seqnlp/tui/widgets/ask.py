"""Question with a line for the answer, checked as one types."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from seqnlp.tui.widgets.dialog import Dialog


@final
class AskScreen(Dialog[str | None]):
    """A modal question; its result is the text of the line after enter, None after escape."""

    DEFAULT_CSS = """
    AskScreen > Vertical { width: 66; height: auto; padding: 1 3; }
    AskScreen Static { width: 100%; height: auto; }
    AskScreen Horizontal { height: 1; margin-top: 1; }
    AskScreen .sign { width: 2; color: $accent; }
    AskScreen Input { border: none; height: 1; padding: 0; width: 1fr; background: $surface; }
    AskScreen #problem { margin-top: 1; display: none; }
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

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self._is_right(event.value)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._is_right(event.value):
            self.dismiss(event.value)

    def _is_right(self, answer: str) -> bool:
        """Check an answer, and show what is wrong with it."""
        problem = self._check(answer)
        for told in self.query("#problem").results(Static):  # none while the screen is being left
            told.display = bool(problem)
            told.update(Content.assemble(("✕ ", "bold $error"), (problem, "$error")))
        return not problem
