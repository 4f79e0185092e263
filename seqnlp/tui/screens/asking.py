"""A question in the middle of the screen, answered by one key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static


@final
class AskScreen(ModalScreen[str]):
    """Gives the key of the choice that was taken, or nothing if it was left with escape."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "neither")]

    DEFAULT_CSS = """
    AskScreen { align: center middle; background: $background 60%; }
    AskScreen > Vertical {
        width: 66; max-width: 94%; height: auto; max-height: 90%; padding: 1 3;
        background: $surface; border: round $accent; border-title-color: $accent; border-title-style: bold;
        border-subtitle-color: $muted;
    }
    AskScreen Static { width: 100%; height: auto; }
    AskScreen .choice { padding: 0 1; margin-top: 1; }
    AskScreen .choice:hover { background: $panel; }
    AskScreen:ansi > Vertical { border: round ansi_default; }
    """

    def __init__(self, heading: str, text: str, choices: Sequence[tuple[str, str, str]]) -> None:
        """Ask.

        Args:
            heading: Stands in the frame.
            text: What is to be decided.
            choices: For each its key, what it does in few words, and what follows from it.
        """
        super().__init__()
        self._heading, self._text, self._choices = heading, text, choices

    def compose(self) -> ComposeResult:
        """The question above the choices."""
        with Vertical() as box:
            box.border_title, box.border_subtitle = self._heading, "esc leaves all as it is"
            yield Static(Content(self._text))
            for key, what, then in self._choices:
                line = Content.assemble((key, "bold $accent"), "  ", (what, "bold"), (f"\n   {then}", "$muted"))
                yield Static(line, classes="choice", name=key)

    def on_key(self, event: events.Key) -> None:
        """Take the choice of this key."""
        if event.key in {key for key, *_ in self._choices}:
            event.stop()
            self.dismiss(event.key)

    def on_click(self, event: events.Click) -> None:
        """Take the choice that was clicked on."""
        if event.widget is not None and event.widget.name in {key for key, *_ in self._choices}:
            self.dismiss(event.widget.name)

    def action_leave(self) -> None:
        """Decide nothing."""
        self.dismiss("")
