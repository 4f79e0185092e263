"""The application in a browser: its processes end with the visit, and with the server."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from seqnlp.tui.trainings import Trainings
from tests.tui.web.conftest import serving_played

aiohttp = pytest.importorskip("aiohttp", reason="the extra `web` is not installed")
pytest.importorskip("textual_serve", reason="the extra `web` is not installed")
Visitor = pytest.importorskip("seqnlp.tui.web").Visitor

PATIENCE = 60.0
"""Seconds to wait for anything, at most."""

pytestmark = pytest.mark.anyio


@pytest.fixture
def brief_site(runs: Path) -> Iterator[Any]:
    """A server whose applications end with their pages."""
    with serving_played(runs, kept=0) as found:
        yield found


@pytest.fixture
def visit(read_until: Any) -> Callable[[Any], Any]:
    """A visitor of a site whose application and service are there."""

    @asynccontextmanager
    async def visiting(site: Any) -> AsyncIterator[Any]:
        before = set(site.family())
        async with site.client() as client, client.ws_connect("ws") as terminal:
            await read_until(terminal, "char_lstm")
            reading = asyncio.create_task(ended(terminal))  # as browsers do, or the server takes it for gone
            async with asyncio.timeout(PATIENCE):
                while names_of(site.family(), before) not in PAIRS:
                    await asyncio.sleep(0.05)
            yield reading
            await terminal.close()
            await reading

    return visiting


PAIRS = ({"seqnlp", "seqnlp.service"}, {"played_app.py", "played_service.py"})
"""Application and service, real or played."""


def names_of(family: dict[psutil.Process, str], before: set[psutil.Process]) -> set[str]:
    """The modules or scripts that new processes run."""
    return {name_of(command) for process, command in family.items() if process not in before}


def name_of(command: str) -> str:
    _, module, rest = command.partition(" -m ")
    words = (rest if module else command.partition(" ")[2]).split()
    return Path(words[0]).name if words else ""


async def ended(terminal: Any) -> int | None:
    """Read until the connection is closed; the reason that the server gives."""
    while (message := await terminal.receive()).type in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT):
        pass
    assert message.type is not aiohttp.WSMsgType.ERROR
    code: int | None = terminal.close_code
    return code


@pytest.mark.parametrize("way", ["once", "to its group, as a terminal does", "twice"])
async def test_nothing_is_left_after_ctrl_c(request: pytest.FixtureRequest, visit: Any, gone: Any, way: str) -> None:
    site = request.getfixturevalue("real_site" if way == "once" else "site")

    def interrupt() -> None:
        if way == "to its group, as a terminal does":
            os.killpg(site.process.pid, signal.SIGINT)
        else:
            site.process.send_signal(signal.SIGINT)

    async with visit(site) as first, visit(site) as second:
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


async def test_nothing_is_left_after_a_tab_was_closed_and_some_time(
    brief_site: Any, gone: Any, read_until: Any
) -> None:
    async with brief_site.client() as client, client.ws_connect("ws") as terminal:
        await read_until(terminal, "char_lstm")
        reading = asyncio.create_task(ended(terminal))  # as browsers do, or the server takes it for gone
        others = brief_site.family()
        async with client.ws_connect("ws") as second:
            await read_until(second, "char_lstm")
            family = {process: text for process, text in brief_site.family().items() if process not in others}
            assert family
        await asyncio.to_thread(gone, family)
        assert set(others) <= set(brief_site.family())
        await terminal.close()
        await reading


async def session_of(terminal: Any) -> str:
    """The name of a session, which is the first message."""
    kind, name = json.loads((await terminal.receive()).data)
    assert kind == "session"
    return str(name)


async def test_a_session_survives_a_reload_and_has_one_owner(site: Any, gone: Any, read_until: Any) -> None:
    async with site.client() as client:
        async with client.ws_connect("ws") as terminal:
            name = await session_of(terminal)
            await read_until(terminal, "char_lstm")
            await terminal.send_json(["stdin", "tagger"])
            await read_until(terminal, "1 of 4")
            family = site.family()
        await asyncio.sleep(0.3)  # nobody is there
        async with client.ws_connect(f"ws?width=100&height=30&session={name}") as terminal:
            drawn = await read_until(terminal, "❯ tagger")  # all of it, not only what has changed
            assert "pos_gru" in drawn
            assert family.items() <= site.family().items()
            reading = asyncio.create_task(ended(terminal))
            async with client.ws_connect(f"ws?session={name}") as thief:
                await read_until(thief, "❯ tagger")
                assert await reading == 4001
                await terminal.close()
                await thief.send_json(["stdin", "s"])
                await read_until(thief, "No run has these words")
                assert family.items() <= site.family().items()
                await thief.send_json(["stdin", "\x11"])  # ctrl+q ends it
                assert await ended(thief) == aiohttp.WSCloseCode.OK
        await asyncio.to_thread(gone, family)
        async with client.ws_connect(f"ws?session={name}") as terminal:
            assert await session_of(terminal) != name  # it has ended
            await read_until(terminal, "char_lstm")


async def test_sessions_without_a_page_end_with_the_server(site: Any, read_until: Any, gone: Any) -> None:
    async with site.client() as client:
        first: dict[Any, str] = {}
        for _ in range(4):
            async with client.ws_connect("ws") as terminal:
                await read_until(terminal, "char_lstm")
                first = first or site.family()
        assert first.items() <= site.family().items()
    family = site.family()
    await asyncio.to_thread(site.end)
    gone(family)  # those without a page, too


async def test_a_training_outlives_the_server_that_it_was_begun_in(
    training_site: Any, gone: Any, read_until: Any, runs: Path
) -> None:
    async with training_site.client() as client, client.ws_connect("ws") as terminal:
        await read_until(terminal, "begun_here")
        (training,) = Trainings(runs).alive()
        family = training_site.family()
        del family[psutil.Process(training.record.pid)]
    await asyncio.to_thread(training_site.end)
    gone(family)
    assert training.alive


async def test_an_application_that_hangs_is_ended(site: Any, visit: Any, gone: Any) -> None:
    async with visit(site) as reading:
        family = site.family()
        application(family).suspend()
        ending = asyncio.create_task(asyncio.to_thread(site.end))
        await reading
        await ending
    gone(family)


async def test_the_page_learns_that_the_application_was_killed(site: Any, visit: Any, gone: Any) -> None:
    async with visit(site) as reading:
        family = site.family()
        application(family).kill()
        assert await reading == aiohttp.WSCloseCode.OK
    gone(family)


async def test_nothing_outlives_a_server_that_was_killed(site: Any, visit: Any, gone: Any) -> None:
    async with visit(site):
        family = site.family()
        site.process.kill()
        await asyncio.to_thread(gone, family)


def application(family: dict[psutil.Process, str]) -> psutil.Process:
    (found,) = [process for process, command in family.items() if name_of(command) in ("seqnlp", "played_app.py")]
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

        async def close(self, code: int) -> None:
            """It is."""

        send_bytes = send_str = send

    visitor = Visitor([sys.executable, "-c", TALKER], Gone())
    await visitor.start(80, 24)
    process = visitor.process
    assert process is not None
    await asyncio.wait_for(called.wait(), PATIENCE)
    await asyncio.wait_for(visitor.stop(), PATIENCE)
    assert process.returncode == 7  # it has ended by itself
