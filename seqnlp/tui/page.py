"""The page that shows the application: it asks before it closes, as quitting does, and nothing outlives its server."""

from __future__ import annotations

import os
from typing import Any, final

from textual.app import App
from textual.drivers.web_driver import WebDriver

from seqnlp.tui.trainings import Trainings


@final
class Page:
    """The other side of the connection, as the application sees it."""

    def __init__(self, app: App[Any], trainings: Trainings) -> None:
        self._app, self._trainings = app, trainings
        self._server, self._told = os.getppid(), False

    def look(self) -> None:
        """Leave if the server is gone; tell the page when a training goes on here, and when none does any more."""
        if os.getppid() != self._server:
            self._app.exit()
        now, driver = bool(self._trainings.own()), self._app._driver
        if now != self._told and isinstance(driver, WebDriver):
            self._told = now
            driver.write_meta({"type": "trains", "now": now})
