"""Driver of the application in a terminal."""

from __future__ import annotations

from typing import final

from textual.drivers.linux_driver import LinuxDriver

from seqnlp.tui.screen_buffer import buffer_of


@final
class TerminalDriver(LinuxDriver):
    """Driver that sends only the cells that change."""

    def write(self, data: str) -> None:
        if changes := buffer_of(self._app).update(data):
            super().write(changes)
