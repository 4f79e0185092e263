"""The line below every screen: as many keys as there is room for, and always the one for help."""

from __future__ import annotations

from typing import final

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

HELP = "app.help"


@final
class KeyHints(Footer):
    """Textual's footer without hints that are cut off."""

    def __init__(self) -> None:
        super().__init__(show_command_palette=False)
        self._shown: list[str] = []

    def compose(self) -> ComposeResult:
        """A widget for each key that fits."""
        self._shown = self._fitting()
        for key in super().compose():
            if isinstance(key, FooterKey) and key.action in self._shown:
                yield key

    async def on_resize(self) -> None:
        """Another width has room for other keys."""
        if self._bindings_ready and self._fitting() != self._shown:
            await self.recompose()

    def _fitting(self) -> list[str]:
        """The actions whose keys are shown."""
        hints: dict[str, int] = {}
        for _, binding, _, _ in self.screen.active_bindings.values():
            if binding.show and binding.action not in hints:
                width = cell_len(self.app.get_key_display(binding)) + cell_len(binding.description) + 3
                hints[binding.action] = width
        return fitting(hints, self.app.size.width)


def fitting(hints: dict[str, int], room: int) -> list[str]:
    """The first hints that fit into a width, help among them.

    Args:
        hints: How wide the hint for each action is, the most important one first.
        room: The width in cells.
    """
    chosen: list[str] = []
    left = room - hints.get(HELP, 0)
    for action, width in hints.items():
        if action == HELP:
            chosen.append(action)
        elif width <= left:
            chosen.append(action)
            left -= width
        else:
            left = 0  # what comes after is less important
    return chosen
