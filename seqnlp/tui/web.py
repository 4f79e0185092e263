"""The application in a browser: each visitor has a process of it, whose terminal is the page."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from secrets import compare_digest, token_urlsafe
from socket import gethostname
from typing import final
from urllib.parse import urlsplit

from aiohttp import WSCloseCode, web
from textual_serve.server import Server, to_int

from seqnlp.tui.visitor import GRACE, Visitor

PRIVATE = frozenset(["127.0.0.1", "localhost", "::1"])
"""Names of this machine that no other machine can reach it by."""

POLICY = {
    "Content-Security-Policy": "default-src 'self' 'unsafe-inline' data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Referrer-Policy": "no-referrer",
}
"""The page loads nothing from elsewhere, no other page may hold it in a frame, and none learns its address from it."""

SIZE = {"width": 80, "height": 24}
"""Of the terminal, where the page doesn't tell."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


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
        url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        super().__init__("seqnlp", host, port, public_url=url, templates_path=templates)
        self._words = command
        self._names = PRIVATE if self.is_private else PRIVATE | {host.lower(), gethostname().lower()}
        self._pages: set[web.WebSocketResponse] = set()
        self._root = f"/{token_urlsafe()}/"  # no cookie: browsers send those to all ports of a machine

    @property
    def address(self) -> str:
        """What opens it, and nothing else does: other users of this machine can reach the port, too."""
        return self.public_url + self._root

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
        app, patience = self._make_app(), 4 * GRACE
        web.run_app(app, host=self.host, port=self.port, shutdown_timeout=patience, access_log=None, print=self._tell)

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing yet: the port may be taken."""

    async def on_shutdown(self, app: web.Application) -> None:
        """Close all pages; their handlers, which are waited for, then end the processes."""
        with suppress(NotImplementedError):  # Windows has no signal handlers of a loop
            for number in (signal.SIGINT, signal.SIGTERM):  # it ends soon, and once more would leave something open
                asyncio.get_running_loop().remove_signal_handler(number)
                signal.signal(number, signal.SIG_IGN)
        closing = [page.close(code=WSCloseCode.GOING_AWAY) for page in self._pages]
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*closing, return_exceptions=True), GRACE)

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """The terminal of one visitor."""
        page = web.WebSocketResponse(heartbeat=15)
        await page.prepare(request)
        self._pages.add(page)
        visitor = Visitor(self._words, page)
        try:
            await visitor.start(*(to_int(request.query.get(side, ""), usual) for side, usual in SIZE.items()))
            await self._process_messages(page, visitor)
        except (AssertionError, AttributeError, LookupError, TypeError, ValueError):
            await visitor.remote_close()  # no page of ours sends that
        finally:
            self._pages.discard(page)
            await visitor.stop()
        return page

    async def _make_app(self) -> web.Application:
        app = web.Application(middlewares=[self._refuse_strangers])
        app.add_subapp(self._root, await super()._make_app())
        app.on_response_prepare.append(_tell_policy)
        return app

    @web.middleware
    async def _refuse_strangers(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Only who has the address may drive it, and no other page in the browser, whatever it calls this machine."""
        try:
            origin = urlsplit(request.headers.get("Origin", f"http://{request.host}"))
            name = urlsplit(f"//{request.host}").hostname or ""
        except ValueError:
            raise web.HTTPBadRequest from None
        if origin.netloc != request.host:
            raise web.HTTPForbidden(text="This page may not be used from another one.")
        if name not in self._names and (self.is_private or not _is_address(name)):
            here = "http://127.0.0.1 or http://localhost" if self.is_private else "the address of this machine"
            raise web.HTTPForbidden(text=f"Use {here}.")
        given, root = request.path.encode(errors="replace"), self._root.encode()
        if not compare_digest(given[: len(root)], root):  # in a time that doesn't tell how much of it is right
            raise web.HTTPForbidden(text="Open the address that seqnlp has printed in the terminal.")
        return await handler(request)

    def _tell(self, _: str) -> None:
        print(f"seqnlp is at {self.address} until ctrl+c", file=sys.stderr, flush=True)


async def _tell_policy(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(POLICY)


def _is_address(name: str) -> bool:
    """Whether this is a number that no name server decides on."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
