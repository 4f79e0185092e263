"""Modal screen that returns its result once."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen, ScreenResultType


class Dialog(ModalScreen[ScreenResultType]):
    """Modal screen in a frame; it closes itself alone, however often it is dismissed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "back", priority=True)]

    DEFAULT_CSS = """
    Dialog { align: center middle; background: $background 60%; }
    Dialog > Vertical {
        max-width: 94%; max-height: 90%;
        background: $surface; border: round $accent; border-title-color: $accent; border-title-style: bold;
        border-subtitle-color: $muted;
    }
    Dialog:ansi > Vertical { border: round ansi_default; }
    """

    @abstractmethod
    def compose(self) -> ComposeResult:
        """Widgets of the dialog."""

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Close with a result; a second enter, typed before the screen is gone, changes nothing."""
        if self.app.screen is not self:  # Textual would close the screen below
            return AwaitComplete()
        return super().dismiss(result)

    def action_leave(self) -> None:
        """Close without a result."""
        self.dismiss(None)
