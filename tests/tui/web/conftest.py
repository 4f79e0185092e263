"""A server for made-up runs, and a real browser to look at it."""

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from seqnlp.tui.trainings import Trainings
from tests.tui.pty_terminal import text_drawn

ROOT = Path(__file__).parents[3]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PATIENCE = 60.0
"""Seconds to wait for anything, at most."""

Family = dict[psutil.Process, str]
"""Commands by process."""


class Site:
    """A server in a process of its own."""

    def __init__(self, command: Callable[[int], list[str]]) -> None:
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port: int = found.getsockname()[1]
        self.origin = f"http://127.0.0.1:{self.port}"
        self.address = ""  # what is printed
        env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            command(self.port),
            env=env,
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # so that signals for all of it don't reach the tests
        )

    @property
    def root(self) -> str:
        """The path that all of it lies under."""
        return self.address.removeprefix(self.origin)

    def client(self) -> Any:
        """One that asks relative to the address, as the page does."""
        from aiohttp import ClientSession

        return ClientSession(self.address)

    def family(self) -> Family:
        """The processes that have come from it."""
        found: Family = {}
        for process in psutil.Process(self.process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                found[process] = " ".join(process.cmdline())
        return found

    def end(self, send: Callable[[], object] | None = None) -> None:
        """What ctrl+c does, or another way to end; it must end well, and say nothing."""
        (send or (lambda: self.process.send_signal(signal.SIGINT)))()
        said = self.process.communicate(timeout=PATIENCE)
        assert (self.process.returncode, *said) == (0, "", "")


@contextmanager
def serving(command: Callable[[int], list[str]]) -> Iterator[Site]:
    found = Site(command)
    try:
        assert found.process.stderr is not None
        line = found.process.stderr.readline()
        told = re.fullmatch(rf"seqnlp is at ({found.origin}/[\w-]{{32,}}/) until ctrl\+c\n", line)
        assert told is not None, line
        found.address = told[1]
        yield found
        if found.process.poll() is None:
            found.end()
    finally:
        found.process.kill()
        found.process.communicate()


@pytest.fixture
def real_site(runs: Path) -> Iterator[Site]:
    """A server for the made-up runs, as users start it; nothing is left of it afterwards."""
    start = [sys.executable, "-m", "seqnlp", "tui", "--web", "--runs", str(runs), "--port"]
    with serving(lambda port: [*start, str(port)]) as found:
        yield found


@pytest.fixture
def site(runs: Path) -> Iterator[Site]:
    """The same with a service that loads no library, which takes seconds each time."""
    with serving_played(runs) as found:
        yield found


@contextmanager
def serving_played(runs: Path, *options: str, kept: float | None = None) -> Iterator[Site]:
    """Serve the played application; its sessions are `kept` for so many seconds without a page."""
    application = [sys.executable, str(Path(__file__).parent / "played_app.py"), str(runs), *options]
    told = "" if kept is None else f", {kept}"
    code = f"from seqnlp.tui.web import Website; Website({application!r}, '127.0.0.1', {{}}{told}).serve()"
    with serving(lambda port: [sys.executable, "-c", code.format(port)]) as found:
        yield found


@pytest.fixture
def training_site(runs: Path) -> Iterator[Site]:
    """A server for an application that has begun a training."""
    try:
        with serving_played(runs, "--train") as found:
            yield found
    finally:
        for training in Trainings(runs).alive():
            os.kill(training.record.pid, signal.SIGKILL)


@pytest.fixture
def gone() -> Callable[[Family], None]:
    """Waits until none of some processes is there."""

    def is_there(process: psutil.Process) -> bool:
        with suppress(psutil.NoSuchProcess):
            return process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD) and process.is_running()
        return False

    def wait(family: Family) -> None:
        end = time.monotonic() + PATIENCE
        while left := [command for process, command in family.items() if is_there(process)]:
            assert time.monotonic() < end, left
            time.sleep(0.05)

    return wait


@pytest.fixture
def read_until() -> Callable[..., Any]:
    """Text on the terminal, once some text is there."""

    from aiohttp import WSMsgType

    async def read(terminal: Any, wanted: str) -> str:
        seen = b""
        async with asyncio.timeout(PATIENCE):
            while wanted not in (text := text_drawn(seen)):
                message = await terminal.receive()
                assert message.type in (WSMsgType.BINARY, WSMsgType.TEXT), message
                if message.type is WSMsgType.BINARY:
                    seen += message.data
        return text

    return read


class Browser:
    """A page of Chromium, driven over its debugging protocol."""

    def __init__(self, line: Any) -> None:
        self._line, self._number, self._events = line, 0, list[dict[str, Any]]()

    async def tell(self, method: str, **params: Any) -> dict[str, Any]:
        """Ask for something, and wait for the answer."""
        self._number += 1
        number = self._number
        await self._line.send_json({"id": number, "method": method, "params": params})
        async with asyncio.timeout(PATIENCE):
            while (message := await self._next()).get("id") != number:
                pass
        assert "error" not in message, message
        found: dict[str, Any] = message["result"]
        return found

    async def open(self, address: str) -> None:
        """Go to a page, and wait for the list of runs."""
        for part in ("Network", "Page", "Log", "Runtime"):
            await self.tell(f"{part}.enable")
        await self.tell("Emulation.setFocusEmulationEnabled", enabled=True)
        await self.tell("Page.navigate", url=address)
        await self.wait(lambda: "char_lstm" in self.drawn())

    async def type(self, text: str) -> None:
        for letter in text:
            await self.tell("Input.dispatchKeyEvent", type="keyDown", text=letter, key=letter)
            await self.tell("Input.dispatchKeyEvent", type="keyUp", key=letter)

    async def tap(self, label: str) -> None:
        """Touch a button."""
        button = f"[...document.querySelectorAll('button')].find(button => button.textContent === '{label}')"
        box = f"(({button}).getBoundingClientRect())"
        point = {"x": await self.value(f"{box}.x + 5"), "y": await self.value(f"{box}.y + 5")}
        await self.tell("Input.dispatchTouchEvent", type="touchStart", touchPoints=[point])
        await self.tell("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    async def leave(self) -> bool:
        """Try to leave the page: whether it asks, and then it stays."""
        await self.tell("Runtime.evaluate", expression="setTimeout(() => location.href = 'about:blank')")
        async with asyncio.timeout(PATIENCE):
            while (message := await self._next()).get("method") != "Page.frameNavigated":
                if message.get("method") == "Page.javascriptDialogOpening":
                    assert message["params"]["type"] == "beforeunload"
                    await self.tell("Page.handleJavaScriptDialog", accept=False)
                    return True
        return False

    async def value(self, expression: str) -> Any:
        return (await self.tell("Runtime.evaluate", expression=expression))["result"].get("value")

    async def wait(self, seen: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not seen():
                await self.tell("Browser.getVersion")  # a page that goes would leave a question to it unanswered
                await asyncio.sleep(0.1)

    async def wait_for(self, expression: str) -> None:
        async with asyncio.timeout(PATIENCE):
            while not await self.value(expression):
                await asyncio.sleep(0.1)

    def events(self, name: str) -> list[dict[str, Any]]:
        return [event["params"] for event in self._events if event.get("method") == name]

    def forget(self) -> None:
        """Begin with an empty terminal."""
        self._events.clear()

    def complaints(self) -> list[str]:
        """What a browser writes into its console when a page does something wrong."""
        return [event["entry"]["text"] for event in self.events("Log.entryAdded")] + [
            event["exceptionDetails"]["text"] for event in self.events("Runtime.exceptionThrown")
        ]

    async def _next(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads((await self._line.receive()).data)
        self._events.append(message)
        return message

    def drawn(self) -> str:
        """Text on the terminal."""
        frames = [event["response"] for event in self.events("Network.webSocketFrameReceived")]
        sent = b"".join(b64decode(frame["payloadData"]) for frame in frames if frame["opcode"] == 2)
        return text_drawn(sent)


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Chromium without a window, for all tests: the address that pages are asked for at."""
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    folder = tmp_path_factory.mktemp("chromium")
    options = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--remote-debugging-port=0"]
    options += [f"--user-data-dir={folder}/data", "--window-size=1000,600", "--no-first-run", "about:blank"]
    options += ["--disable-background-networking", "--disable-component-update", "--use-angle=swiftshader"]
    options += ["--enable-unsafe-swiftshader"]
    told = folder / "stderr"  # a pipe would be full one day, with nobody to read it
    with told.open("wb") as stderr:
        process = subprocess.Popen([CHROMIUM, *options], stderr=stderr, stdout=subprocess.DEVNULL)
    try:
        end = time.monotonic() + PATIENCE
        while (found := re.search(r"DevTools listening on ws://([^/]+)/", told.read_text())) is None:
            assert process.poll() is None, told.read_text()
            assert time.monotonic() < end, "chromium does not listen"
            time.sleep(0.05)
        yield f"http://{found[1]}"
    finally:
        process.kill()
        process.wait()


@pytest.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """A new page of Chromium."""
    from aiohttp import ClientSession

    async with ClientSession() as client:
        async with client.put(f"{chromium}/json/new?about:blank") as answer:
            page = await answer.json()
        async with client.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=0) as line:
            yield Browser(line)
        async with client.get(f"{chromium}/json/close/{page['id']}") as answer:
            assert answer.status == 200
