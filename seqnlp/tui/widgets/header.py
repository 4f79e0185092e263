"""Header: the program, the screen's heading, and the state of the model service."""

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
class Header(Widget):
    """One line at the top of every screen."""

    DEFAULT_CSS = """
    Header { dock: top; height: 1; padding: 0 2; background: $panel; color: $foreground; }
    """

    def __init__(self, heading: str, service: ModelService) -> None:
        super().__init__()
        self.heading, self.service = heading, service

    def on_mount(self) -> None:
        self.service.listeners.append(self._changed)

    def on_unmount(self) -> None:
        self.service.listeners.remove(self._changed)

    def _changed(self, _: ServiceState) -> None:
        self.refresh()

    def render(self) -> Content:
        sign, words, colour = SIGNS[self.service.state]
        width = self.size.width
        right = Content.assemble((sign, colour), (f" {words}" if width >= 50 else "", "$muted"))
        left = Content.assemble(("seqnlp", "bold $primary"), ("  ›  ", "$muted"), (self.heading, "bold"))
        room = max(width - right.cell_length - 1, 0)
        return left.truncate(room, ellipsis=True).pad_right(max(room - left.cell_length, 0) + 1).append(right)
