"""The application of one visitor: a process that ends with the visit, whatever it is doing."""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, final

from aiohttp import web
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

GRACE = 5.0
"""Seconds that a page and an application have to end by themselves."""


@final
class Visitor(AppService):
    """Passes on what the page and the application say to each other."""

    def __init__(self, command: Sequence[str], websocket: web.WebSocketResponse) -> None:
        """Set up; `start` begins, and `stop` must follow.

        Args:
            command: The application.
            websocket: The way to the page.
        """

        async def close() -> None:
            with suppress(TimeoutError):  # a page that is gone, or stands still, can't say goodbye
                await asyncio.wait_for(websocket.close(), GRACE)

        super().__init__(
            "",
            write_bytes=_heedless(websocket.send_bytes),
            write_str=_heedless(websocket.send_str),
            close=close,
            download_manager=DownloadManager(),  # the application delivers no files
        )
        self._words, self._begun = command, False

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        """Without a shell, which could stay when the application goes, or the other way round."""
        # a session of its own: ctrl+c is for the server, which then ends all in good order
        env = self._build_environment(width, height)
        self._process = await asyncio.create_subprocess_exec(
            *self._words, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=env, start_new_session=True
        )
        self._stdin = self._process.stdin
        return self._process

    async def run(self) -> None:
        """Pass on what the application says until it has ended; then the page may know."""
        await super().run()
        await self.remote_close()

    async def on_data(self, payload: bytes) -> None:
        """Pass on what is drawn."""
        self._begun = True
        await super().on_data(payload)

    async def on_meta(self, data: bytes) -> None:
        """Pass on what is not for the terminal."""
        told = json.loads(data)
        if told["type"] == "trains":
            await self.remote_write_str(json.dumps(["trains", told["now"]]))
        else:
            await super().on_meta(data)

    async def stop(self) -> None:
        """Ask the application to end, see to it that it does, and leave nothing open."""
        process, reading = self._process, self._task
        if process is None or reading is None:
            return
        try:
            if self._begun:
                self.stdin.write(self.encode_packet(b"M", b'{"type": "quit"}'))
                with suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), GRACE)
            else:
                reading.cancel()  # that it has not begun is no error any more
        finally:
            if process.returncode is None:
                process.kill()
            await asyncio.wait([reading], timeout=GRACE)  # its last words
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            # its pipes are read to their end, or they would close when asyncio is gone, which Python complains of
            with suppress(TimeoutError):
                await asyncio.wait_for(process.communicate(), GRACE)


def _heedless(write: Callable[[Any], Awaitable[None]]) -> Callable[[Any], Awaitable[None]]:
    """Write to a page that may be gone: the application must be heard to its end, or it waits for ever to be."""

    async def heedless(data: Any) -> None:
        with suppress(ConnectionError):
            await write(data)

    return heedless
