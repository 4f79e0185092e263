"""Command palette that stays open when its list is empty."""

from __future__ import annotations

from typing import final

from textual.command import CommandPalette
from textual.widgets import OptionList


@final
class Palette(CommandPalette):
    """Textual's palette; in an empty list there is no page to turn, which Textual does not expect."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "command_list" and not any(listed.option_count for listed in self.query(OptionList)):
            return False
        return super().check_action(action, parameters)
