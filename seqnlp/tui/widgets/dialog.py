"""Modal screen that returns its result once."""

from __future__ import annotations

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, ScreenResultType


class Dialog(ModalScreen[ScreenResultType]):
    """Modal screen that closes itself alone, however often it is dismissed."""

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Close with a result; a second enter, typed before the screen is gone, changes nothing."""
        if self.app.screen is not self:  # Textual would close the screen below
            return AwaitComplete.nothing()
        return super().dismiss(result)
