"""Command palette that stays open for an empty list."""

from __future__ import annotations

from contextlib import suppress
from typing import final

from textual.await_complete import AwaitComplete
from textual.await_remove import AwaitRemove
from textual.command import CommandPalette, DiscoveryHit
from textual.worker import Worker


async def no_search() -> None:
    """End at once."""


@final
class Palette(CommandPalette):
    """Textual's palette; before its list is laid out there is no page to turn."""

    def _action_command_list(self, action: str) -> None:
        with suppress(KeyError):  # which Textual does not expect
            super()._action_command_list(action)

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Close; a second enter, typed before the palette is gone, changes nothing."""
        if self.app.screen is not self:  # Textual would close the screen below, and run the command again
            self._selected_command = DiscoveryHit("", lambda: None)
            return AwaitComplete()
        return super().dismiss(result)

    def _gather_commands(self, search_value: str) -> Worker[None]:
        """Search, unless the list is gone: a key that was typed before the palette closed may come behind that."""
        if self.app.screen is not self:
            return self.run_worker(no_search)  # no coroutine: one that is cancelled before it begins is warned of
        return super()._gather_commands(search_value)

    def remove(self) -> AwaitRemove:
        """Cancel the search, then leave: it would look for a list that is gone."""
        self.workers.cancel_node(self)
        return super().remove()
