"""Command palette that stays open when its list is empty."""

from __future__ import annotations

from contextlib import suppress
from typing import final

from textual.command import CommandPalette


@final
class Palette(CommandPalette):
    """Textual's palette; before its list is laid out there is no page to turn."""

    def _action_command_list(self, action: str) -> None:
        with suppress(KeyError):  # which Textual does not expect
            super()._action_command_list(action)
