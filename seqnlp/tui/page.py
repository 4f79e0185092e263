"""Driver of the application in a browser, named by `TEXTUAL_DRIVER`."""

from __future__ import annotations

import os
from typing import Any, final

from textual.app import App
from textual.drivers.web_driver import WebDriver

from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.screen_buffer import buffer_of

MODES = "\x1b[?1049h\x1b[?25l\x1b[?2004h"
"""Sequences at a start: other screen, hidden cursor, marks around what is pasted."""

PERIOD = 0.5
"""Seconds between two looks at the server and the trainings."""


@final
class PageDriver(WebDriver):
    """Web driver of a page that asks before it closes; it sends only the cells that change."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        assert isinstance(app, SeqnlpApp)
        self._application = app
        self._server, self._training = os.getppid(), False

    def write(self, data: str) -> None:
        if changes := buffer_of(self._application).update(data):
            super().write(changes)

    def on_meta(self, packet_type: str, payload: dict[str, object]) -> None:
        if packet_type == "redraw":  # for a page that has just come, whose terminal knows nothing yet
            self._application.call_later(self._draw_anew)
        else:
            super().on_meta(packet_type, payload)

    def _draw_anew(self) -> None:
        self._enable_mouse_support()
        self.write(MODES)
        self._application.action_redraw()

    def start_application_mode(self) -> None:
        super().start_application_mode()
        self._application.set_interval(PERIOD, self._watch)

    def _watch(self) -> None:
        """Leave if the server is gone; tell the page when a training begun here goes on, and when none does."""
        if os.getppid() != self._server:
            self._application.exit()
        training = bool(self._application.trainings.own())
        if training != self._training:
            self._training = training
            self.write_meta({"type": "trains", "now": training})
