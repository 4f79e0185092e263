"""The application in a browser: its processes end with the visit, and with the server."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from seqnlp.tui.trainings import Trainings

aiohttp = pytest.importorskip("aiohttp", reason="the extra `web` is not installed")
pytest.importorskip("textual_serve", reason="the extra `web` is not installed")
Visitor = pytest.importorskip("seqnlp.tui.web").Visitor

PATIENCE = 60.0
"""Seconds to wait for anything, at most."""

pytestmark = pytest.mark.anyio


@pytest.fixture
def visit(site: Any, read_until: Any) -> Callable[[], Any]:
    """A visitor whose application and worker are there."""

    @asynccontextmanager
    async def visiting() -> AsyncIterator[Any]:
        before = set(site.family())
        async with site.client() as client, client.ws_connect("ws") as terminal:
            await read_until(terminal, "char_lstm")
            reading = asyncio.create_task(ended(terminal))  # as browsers do, or the server takes it for gone
            async with asyncio.timeout(PATIENCE):
                while sorted(names_of(site.family(), before)) != ["seqnlp", "seqnlp.service"]:
                    await asyncio.sleep(0.05)
            yield reading
            await terminal.close()
            await reading

    return visiting


def names_of(family: dict[psutil.Process, str], before: set[psutil.Process]) -> list[str]:
    """The modules that new processes run."""
    return [command.split(" -m ")[-1].split()[0] for process, command in family.items() if process not in before]


async def ended(terminal: Any) -> int | None:
    """Read until the connection is closed; the reason that the server gives."""
    while (message := await terminal.receive()).type in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT):
        pass
    assert message.type is not aiohttp.WSMsgType.ERROR
    code: int | None = terminal.close_code
    return code


@pytest.mark.parametrize("way", ["once", "to its group, as a terminal does", "twice"])
async def test_nothing_is_left_after_ctrl_c(site: Any, visit: Any, gone: Any, way: str) -> None:
    def interrupt() -> None:
        if way == "to its group, as a terminal does":
            os.killpg(site.process.pid, signal.SIGINT)
        else:
            site.process.send_signal(signal.SIGINT)

    async with visit() as first, visit() as second:
        family = site.family()
        assert len(family) == 4
        ending = asyncio.create_task(asyncio.to_thread(site.end, interrupt))
        codes = await asyncio.gather(first, second)
        assert set(codes) == {aiohttp.WSCloseCode.GOING_AWAY}
        if way == "twice":
            interrupt()
        await ending
    gone(family)


async def test_nothing_is_left_after_ctrl_c_while_the_application_begins(site: Any, gone: Any) -> None:
    async with site.client() as client, client.ws_connect("ws") as terminal:
        async with asyncio.timeout(PATIENCE):
            while not (family := site.family()):
                await asyncio.sleep(0.01)
        ending = asyncio.create_task(asyncio.to_thread(site.end))
        await ended(terminal)
        await ending
    gone(family)


async def test_nothing_is_left_after_a_tab_was_closed(site: Any, visit: Any, gone: Any) -> None:
    async with visit():
        others = site.family()
        async with visit():
            family = {process: command for process, command in site.family().items() if process not in others}
        await asyncio.to_thread(gone, family)
        assert site.family() == others


async def test_a_training_outlives_the_tab_that_it_was_begun_in(
    training_site: Any, gone: Any, read_until: Any, runs: Path
) -> None:
    async with training_site.client() as client, client.ws_connect("ws") as terminal:
        await read_until(terminal, "begun_here")
        (training,) = Trainings(runs).alive()
        family = training_site.family()
        del family[psutil.Process(training.record.pid)]
    gone(family)
    training_site.end()
    assert training.alive


async def test_an_application_that_hangs_is_ended(site: Any, visit: Any, gone: Any) -> None:
    async with visit() as reading:
        family = site.family()
        application(family).suspend()
        ending = asyncio.create_task(asyncio.to_thread(site.end))
        await reading
        await ending
    gone(family)


async def test_the_page_learns_that_the_application_was_killed(site: Any, visit: Any, gone: Any) -> None:
    async with visit() as reading:
        family = site.family()
        application(family).kill()
        assert await reading == aiohttp.WSCloseCode.OK
    gone(family)


async def test_nothing_outlives_a_server_that_was_killed(site: Any, visit: Any, gone: Any) -> None:
    async with visit():
        family = site.family()
        site.process.kill()
        await asyncio.to_thread(gone, family)


def application(family: dict[psutil.Process, str]) -> psutil.Process:
    (found,) = [process for process, command in family.items() if "seqnlp.service" not in command]
    return found


TALKER = """
import os, sys
os.write(1, b"__GANGLION__\\n")
for _ in range(1000):
    os.write(1, b"D" + (1000).to_bytes(4, "big") + bytes(1000))
sys.stdin.buffer.read(1)
sys.exit(7)
"""


async def test_an_application_is_heard_to_its_end(anyio_backend: str) -> None:
    """One that writes to a page that is gone would wait for ever until somebody reads it."""
    called = asyncio.Event()

    class Gone:
        async def send(self, data: bytes) -> None:
            called.set()
            raise ConnectionResetError

        async def close(self) -> None:
            """It is."""

        send_bytes = send_str = send

    visitor = Visitor([sys.executable, "-c", TALKER], Gone())
    await visitor.start(80, 24)
    process = visitor.process
    assert process is not None
    await asyncio.wait_for(called.wait(), PATIENCE)
    await asyncio.wait_for(visitor.stop(), PATIENCE)
    assert process.returncode == 7  # it has ended by itself
