"""The application in a browser: each visitor has a process of it, whose terminal is the page."""

from __future__ import annotations

import logging
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import final
from urllib.parse import urlsplit

from aiohttp import web
from textual_serve.server import Server

PRIVATE = frozenset(["127.0.0.1", "localhost", "::1"])
"""Names of this machine that no other machine can reach it by."""


@final
class Website(Server):
    """Serves a command that is a Textual application; the page loads nothing from elsewhere."""

    def __init__(self, command: Sequence[str], host: str, port: int) -> None:
        """Set up; `serve` begins.

        Args:
            command: The application, begun anew for each visitor.
            host: The address to listen on.
            port: The port to listen on.
        """
        templates = Path(__file__).parent / "templates"
        super().__init__(shlex.join(command), host, port, title="seqnlp", templates_path=templates)

    @property
    def is_private(self) -> bool:
        """Whether only this machine can reach it."""
        return self.host in PRIVATE

    def serve(self, debug: bool = False) -> None:
        """Serve until ctrl+c.

        Raises:
            OSError: the port is taken, or the address is none of this machine's.
        """
        logging.basicConfig(level=logging.ERROR)
        web.run_app(self._make_app(), host=self.host, port=self.port, access_log=None, print=self._tell)

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing yet: the port may be taken."""

    async def handle_index(self, request: web.Request) -> web.StreamResponse:
        """The page."""
        self._refuse_strangers(request)
        return await super().handle_index(request)

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """The terminal of one visitor."""
        self._refuse_strangers(request)
        return await super().handle_websocket(request)

    def _refuse_strangers(self, request: web.Request) -> None:
        """Other pages in the same browser may not drive the application, nor by a name of theirs for this machine."""
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != request.host:
            raise web.HTTPForbidden(text="This page may not be used from another one.")
        if self.is_private and urlsplit(f"//{request.host}").hostname not in PRIVATE:
            raise web.HTTPForbidden(text="Use http://127.0.0.1 or http://localhost.")

    def _tell(self, _: str) -> None:
        print(f"seqnlp is at {self.public_url} until ctrl+c", file=sys.stderr, flush=True)
