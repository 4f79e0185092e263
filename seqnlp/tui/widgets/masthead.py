"""The line above every screen: where one is, and what the worker does."""

from __future__ import annotations

from typing import final

from textual.content import Content
from textual.widget import Widget

from seqnlp.service.client import ModelService, ServiceState

SIGNS = {
    ServiceState.ASLEEP: ("○", "model asleep", "$muted"),
    ServiceState.LOADING: ("◌", "loading torch", "$accent"),
    ServiceState.READY: ("●", "ready", "$success"),
    ServiceState.DEAD: ("✕", "worker died", "$error"),
}


@final
class Masthead(Widget):
    """Name of the program and of the screen at the left; the sign of the worker at the right."""

    DEFAULT_CSS = """
    Masthead { dock: top; height: 1; padding: 0 2; background: $panel; color: $foreground; }
    """

    def __init__(self, heading: str, service: ModelService) -> None:
        super().__init__()
        self.heading, self.detail, self.service = heading, "", service

    def on_mount(self) -> None:
        """Follow the state of the worker."""
        self.service.listeners.append(self._changed)

    def on_unmount(self) -> None:
        """Follow it no longer."""
        self.service.listeners.remove(self._changed)

    def _changed(self, _: ServiceState) -> None:
        self.refresh()

    def tell(self, detail: str) -> None:
        """Say something after the heading."""
        self.detail = detail
        self.refresh()

    def render(self) -> Content:
        """The line, cut to the width that there is."""
        sign, words, colour = SIGNS[self.service.state]
        width = self.size.width
        right = Content.assemble((sign, colour), (f" {words}" if width >= 50 else "", "$muted"))
        left = Content.assemble(("seqnlp", "bold $primary"), ("  ›  ", "$muted"), (self.heading, "bold"))
        if self.detail and width >= 60:
            left = left.append(Content.styled(f"   {self.detail}", "$muted"))
        room = max(width - right.cell_length - 1, 0)
        return left.truncate(room, ellipsis=True).pad_right(max(room - left.cell_length, 0) + 1).append(right)
