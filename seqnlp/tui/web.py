"""Web server: the application in a browser, one process for each visitor, whose terminal is the page."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from secrets import compare_digest, token_urlsafe
from socket import gethostname
from typing import Any, final
from urllib.parse import urlsplit

import textual_serve
from aiohttp import WSCloseCode, WSMsgType, web

LOCAL_NAMES = frozenset(["127.0.0.1", "localhost", "::1"])
"""Names of this machine that no other machine can reach it by."""

HEADERS = {
    "Content-Security-Policy": "default-src 'self' 'unsafe-inline' data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Referrer-Policy": "no-referrer",
}
"""Loading from elsewhere, foreign frames, and telling others the address are forbidden."""

WIDTH, HEIGHT, FONT_SIZE = 80, 24, 16
"""Of the terminal, where the page does not tell."""

KEPT = 600.0
"""Seconds that an application goes on without a page: after a reload, or a connection that broke off."""

MAX_KEPT = 8
"""Applications without a page, at most; the one left longest ago ends first."""

TAKEN = 4001
"""Code with which a page is closed whose application another page has taken."""

EXIT_TIMEOUT = 5.0
"""Seconds that a page and an application have to end by themselves."""

HANDSHAKE = b"__GANGLION__\n"
"""First line of an application under Textual's web driver; packets follow: a letter, the size, the payload."""

STATIC = Path(next(iter(textual_serve.__path__))) / "static"
PAGE = Path(__file__).parent / "templates" / "app_index.html"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@final
class Website:
    """HTTP server of a Textual application, under a secret path."""

    def __init__(self, command: Sequence[str], host: str, port: int, kept: float = KEPT) -> None:
        """Set up; `serve` begins.

        Args:
            command: The application, started for each visitor.
            host: The address to listen on.
            port: The port to listen on.
            kept: Seconds that an application goes on without a page.
        """
        self._kept = kept
        self._sessions: dict[str, Visitor] = {}
        """Applications by the names of their sessions."""
        self._endings: dict[str, asyncio.Task[None]] = {}
        """Of sessions without a page, the one left longest ago first."""
        self.host, self.port = host, port
        self.public_url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        self._command = command
        self._names = LOCAL_NAMES if self.is_private else LOCAL_NAMES | {host.lower(), gethostname().lower()}
        self._pages: set[web.WebSocketResponse] = set()
        self._is_closing = False
        self._root = f"/{token_urlsafe()}/"  # no cookie: browsers send those to all ports of a machine

    @property
    def address(self) -> str:
        """Secret URL; nothing else opens the page, for other users of this machine can reach the port, too."""
        return self.public_url + self._root

    @property
    def is_private(self) -> bool:
        """True if only this machine can reach it."""
        return self.host in LOCAL_NAMES

    def serve(self) -> None:
        """Serve until ctrl+c.

        Raises:
            OSError: the port is taken, or the address is none of this machine's.
        """
        logging.basicConfig(level=logging.ERROR)
        web.run_app(
            self.application(),
            host=self.host,
            port=self.port,
            shutdown_timeout=4 * EXIT_TIMEOUT,
            access_log=None,
            print=self._print_address,
        )

    def application(self) -> web.Application:
        """Routes, checks and headers."""
        app = web.Application(middlewares=[self._check_request])
        app.router.add_get(self._root, self._index)
        app.router.add_get(f"{self._root}ws", self._visit)
        app.router.add_static(f"{self._root}static", STATIC)
        app.on_shutdown.append(self._close_pages)
        app.on_response_prepare.append(_add_headers)
        return app

    @web.middleware
    async def _check_request(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Reject a foreign Origin, a foreign Host (DNS rebinding) and a wrong secret path."""
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

    async def _index(self, request: web.Request) -> web.Response:
        font_size = str(_to_int(request.query.get("fontsize", ""), FONT_SIZE))
        page = PAGE.read_text(encoding="utf-8").replace("{{ font_size }}", font_size)
        return web.Response(text=page, content_type="text/html")

    async def _visit(self, request: web.Request) -> web.WebSocketResponse:
        """Terminal of one visitor: that of the session that the page names, if it still goes on, or a new one."""
        page = web.WebSocketResponse(heartbeat=15)
        await page.prepare(request)
        self._pages.add(page)
        width, height = (
            _to_int(request.query.get(side, ""), default) for side, default in (("width", WIDTH), ("height", HEIGHT))
        )
        name = request.query.get("session", "")
        visitor = self._sessions.get(name)
        try:
            if visitor is not None and visitor.is_alive:
                if (ending := self._endings.pop(name, None)) is not None:
                    ending.cancel()
                await visitor.attach(page, width, height)
            else:
                name, visitor = token_urlsafe(), Visitor(self._command, page)
                self._sessions[name] = visitor
                await page.send_str(json.dumps(["session", name]))
                await visitor.start(width, height)
            async for message in page:
                if message.type is WSMsgType.TEXT and visitor.page is page:
                    await visitor.handle(message.json())
        except ValueError:  # no page of ours sends that
            if visitor is not None:
                await visitor.close_page()
        finally:
            self._pages.discard(page)
            if visitor is not None and visitor.page is page:  # else another page has it now
                await self._leave(name, visitor)
        return page

    async def _leave(self, name: str, visitor: Visitor) -> None:
        """Keep an application without a page for a while; one that has ended, or shall, ends now."""
        if self._is_closing or not visitor.is_alive or not visitor.has_drawn or not self._kept:
            self._sessions.pop(name, None)
            await visitor.stop()
            return
        visitor.page = None
        self._endings[name] = asyncio.create_task(self._end_later(name, visitor))
        for oldest in list(self._endings)[:-MAX_KEPT]:
            self._endings.pop(oldest).cancel()
            await self._end(oldest)

    async def _end_later(self, name: str, visitor: Visitor) -> None:
        """End an application that has had no page for long enough."""
        with suppress(TimeoutError):
            await asyncio.wait_for(visitor.ended(), self._kept)
        self._endings.pop(name, None)
        await self._end(name)

    async def _end(self, name: str) -> None:
        visitor = self._sessions.pop(name, None)
        if visitor is not None:
            await visitor.stop()

    async def _close_pages(self, app: web.Application) -> None:
        """Close all pages; their handlers, which are waited for, then end the processes."""
        with suppress(NotImplementedError):  # Windows has no signal handlers of a loop
            for number in (signal.SIGINT, signal.SIGTERM):  # it ends soon, and once more would leave something open
                asyncio.get_running_loop().remove_signal_handler(number)
                signal.signal(number, signal.SIG_IGN)
        self._is_closing = True
        for ending in self._endings.values():
            ending.cancel()
        left = [self._end(name) for name in list(self._endings)]
        closing = [*left, *(page.close(code=WSCloseCode.GOING_AWAY) for page in self._pages)]
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*closing, return_exceptions=True), 2 * EXIT_TIMEOUT)

    def _print_address(self, _: str) -> None:
        print(f"seqnlp is at {self.address} until ctrl+c", file=sys.stderr, flush=True)


@final
class Visitor:
    """Application of one visitor: a process that has one page at a time, or none for a while."""

    def __init__(self, command: Sequence[str], page: web.WebSocketResponse) -> None:
        """Set up; `start` begins, and `stop` must follow.

        Args:
            command: The application.
            page: The connection to the browser.
        """
        self.process: Process | None = None
        self.page: web.WebSocketResponse | None = page
        """Connection to the browser; None while there is none."""
        self._command = command
        self._reading: asyncio.Task[None] | None = None
        self.has_drawn = False
        self._trains = False
        self._closing: asyncio.Task[None] | None = None

    @property
    def is_alive(self) -> bool:
        """True while there is a process that answers."""
        return self.process is not None and self.process.returncode is None

    async def ended(self) -> None:
        """Wait until the process has ended."""
        if self._reading is not None:
            await asyncio.wait([self._reading])

    async def attach(self, page: web.WebSocketResponse, width: int, height: int) -> None:
        """Take another page, of this size, and draw everything there; the one before is closed."""
        before, self.page = self.page, page
        if before is not None:  # which may be slow to say goodbye
            self._closing = asyncio.create_task(_close(before, TAKEN))
        if self._trains:
            await self._send(json.dumps(["trains", True]))
        await self._write_meta({"type": "resize", "width": width, "height": height})
        await self._write_meta({"type": "redraw"})

    async def start(self, width: int, height: int) -> None:
        """Start the application in a terminal of this size."""
        env = {
            **os.environ,
            "TEXTUAL_DRIVER": "seqnlp.tui.page:PageDriver",
            "TEXTUAL_FPS": "60",
            "TEXTUAL_COLOR_SYSTEM": "truecolor",
            "TERM_PROGRAM": "textual",
            "COLUMNS": str(width),
            "ROWS": str(height),
        }
        # without a shell, which could stay when the application goes, or the other way round; in a session of its
        # own: ctrl+c is for the server, which then ends all in good order
        self.process = await asyncio.create_subprocess_exec(
            *self._command, stdin=PIPE, stdout=PIPE, env=env, start_new_session=True
        )
        self._reading = asyncio.create_task(self._read(self.process))

    async def handle(self, message: object) -> None:
        """Pass a message of the page on to the application.

        Raises:
            ValueError: it makes no sense.
        """
        match message:
            case ["stdin", str(text)]:
                await self._write(b"D", text.encode())
            case ["resize", {"width": int(width), "height": int(height)}]:
                await self._write_meta({"type": "resize", "width": width, "height": height})
            case ["ping", data]:
                await self._send(json.dumps(["pong", data]))
            case [("blur" | "focus") as kind, *_]:
                await self._write_meta({"type": kind})
            case ["stdin" | "resize" | "ping", *_]:
                raise ValueError(message)
            case [str(), *_]:
                pass  # of a newer page
            case _:
                raise ValueError(message)

    async def stop(self) -> None:
        """Ask the application to end, or kill it, and close all pipes."""
        process, reading = self.process, self._reading
        if process is None or reading is None:
            return
        try:
            if self.has_drawn:
                await self._write_meta({"type": "quit"})
                with suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), EXIT_TIMEOUT)
        finally:
            if process.returncode is None:
                process.kill()
            await asyncio.wait([reading], timeout=EXIT_TIMEOUT)  # its last output
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            # its pipes are read to their end, or they would close when asyncio is gone, which Python complains of
            with suppress(TimeoutError):
                await asyncio.wait_for(process.communicate(), EXIT_TIMEOUT)

    async def close_page(self) -> None:
        """Close the page."""
        if self.page is not None:
            await _close(self.page, WSCloseCode.OK)

    async def _send(self, data: str | bytes) -> None:
        """Send to the page, if there is one."""
        page = self.page
        if page is None:
            return
        with suppress(ConnectionError):
            await (page.send_str(data) if isinstance(data, str) else page.send_bytes(data))

    async def _read(self, process: Process) -> None:
        """Pass on the application's output until it has ended; then close the page.

        A page that is gone is no reason to stop: an application that nobody reads would wait for ever to be.
        """
        stdout = process.stdout
        assert stdout is not None
        try:
            await stdout.readuntil(HANDSHAKE)
            while True:
                kind, size = await stdout.readexactly(1), await stdout.readexactly(4)
                payload = await stdout.readexactly(int.from_bytes(size, "big"))
                if kind == b"D":
                    self.has_drawn = True
                    await self._send(payload)
                elif kind == b"M":
                    await self._read_meta(json.loads(payload))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        await self.close_page()

    async def _read_meta(self, meta: dict[str, Any]) -> None:
        if meta["type"] == "trains":
            self._trains = bool(meta["now"])
            await self._send(json.dumps(["trains", self._trains]))
        elif meta["type"] == "exit":
            await self.close_page()

    async def _write_meta(self, meta: dict[str, Any]) -> None:
        await self._write(b"M", json.dumps(meta).encode())

    async def _write(self, kind: bytes, payload: bytes) -> None:
        assert self.process is not None
        stdin = self.process.stdin
        assert stdin is not None
        with suppress(ConnectionError, RuntimeError):  # it has ended
            stdin.write(kind + len(payload).to_bytes(4, "big") + payload)
            await stdin.drain()


async def _close(page: web.WebSocketResponse, code: int) -> None:
    """Close a page; one that is gone, or stands still, can't say goodbye."""
    with suppress(TimeoutError, ConnectionError):
        await asyncio.wait_for(page.close(code=code), EXIT_TIMEOUT)


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)


def _to_int(text: str, default: int) -> int:
    try:
        return int(text)
    except ValueError:
        return default


def _is_address(name: str) -> bool:
    """True for a number, which no name server decides on."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
