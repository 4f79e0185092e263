"""Driver of the application in a terminal."""

from __future__ import annotations

import select
from typing import final

from textual.drivers.linux_driver import LinuxDriver

from seqnlp.tui.screen_buffer import buffer_of

LOOK = 1.0
"""Seconds between two checks for a hangup of the terminal."""
HANGUP = 129
"""Exit code after a hangup of the terminal: 128 and the number of SIGHUP."""


@final
class TerminalDriver(LinuxDriver):
    """Driver that sends only changed cells. It ends the application on a hangup."""

    def write(self, data: str) -> None:
        if changes := buffer_of(self._app).update(data):
            super().write(changes)

    def start_application_mode(self) -> None:
        super().start_application_mode()  # type: ignore[no-untyped-call]
        self._app.set_interval(LOOK, self._leave_if_gone)

    def _leave_if_gone(self) -> None:
        """Exit after a hangup: SIGHUP reaches only the process that the terminal controls."""
        terminal = select.poll()
        terminal.register(self.fileno, 0)
        if any(events & (select.POLLHUP | select.POLLERR) for _, events in terminal.poll(0)):
            self._app.exit(return_code=HANGUP)
