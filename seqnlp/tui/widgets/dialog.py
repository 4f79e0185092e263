"""Modal screen that returns its result once."""

from __future__ import annotations

from abc import abstractmethod

from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, ScreenResultType


class Dialog(ModalScreen[ScreenResultType]):
    """Modal screen that closes itself alone, however often it is dismissed."""

    @abstractmethod
    def compose(self) -> ComposeResult:
        """Widgets of the dialog."""

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Close with a result; a second enter, typed before the screen is gone, changes nothing."""
        if self.app.screen is not self:  # Textual would close the screen below
            return AwaitComplete()
        return super().dismiss(result)
