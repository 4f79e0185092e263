"""The application in a browser: the page, who may use it, and what a visitor sees, without and with a real browser."""

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

aiohttp = pytest.importorskip("aiohttp", reason="the extra `web` is not installed")
pytest.importorskip("textual_serve", reason="the extra `web` is not installed")

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PATIENCE = 60.0
"""Seconds to wait for anything, at most."""

pytestmark = pytest.mark.anyio


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@pytest.fixture
def site(runs: Path) -> Iterator[str]:
    """The address of a server for the made-up runs; nothing is left of it afterwards."""
    port = free_port()
    command = [sys.executable, "-m", "seqnlp", "tui", "--web", "--port", str(port), "--runs", str(runs)]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    server = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stderr is not None
        said = server.stderr.readline()
        assert said == f"seqnlp is at http://127.0.0.1:{port} until ctrl+c\n"
        yield f"http://127.0.0.1:{port}"
        server.send_signal(signal.SIGINT)
        assert server.wait(PATIENCE) == 0
        assert server.stdout is not None
        assert server.stdout.read() == ""
        noise = server.stderr.read()  # asyncio may say that a pipe was still open when it ended
        assert noise == "" or "Event loop is closed" in noise, noise
    finally:
        server.kill()
        server.communicate()


async def read_until(terminal: Any, wanted: str) -> str:
    """What the application draws, up to some text; escape sequences left out."""
    seen = b""
    async with asyncio.timeout(PATIENCE):
        while wanted not in (text := re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", seen.decode("utf-8", "replace"))):
            message = await terminal.receive()
            assert message.type in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT), message
            if message.type is aiohttp.WSMsgType.BINARY:
                seen += message.data
    return text


async def test_the_page_needs_nothing_from_elsewhere(site: str) -> None:
    async with aiohttp.ClientSession(site) as client:
        page = await (await client.get("/")).text()
        assert "//" not in page
        for file in re.findall(r'(?:src|href)="(static/[^"]+)"|url\("(static/[^"]+)"\)', page):
            assert (await client.get("/" + "".join(file))).status == 200
        assert (await client.get('/?fontsize="><script>')).status == 200


async def test_other_pages_and_other_names_are_refused(site: str) -> None:
    async with aiohttp.ClientSession(site) as client:
        for path in ("/", "/ws"):
            for headers in ({"Origin": "http://elsewhere.example"}, {"Host": "elsewhere.example"}, {"Origin": "null"}):
                assert (await client.get(path, headers=headers)).status == 403
        assert (await client.get("/", headers={"Origin": site})).status == 200


async def test_a_visitor_types_and_leaves(site: str) -> None:
    async with aiohttp.ClientSession(site) as client, client.ws_connect("/ws?width=80&height=24") as terminal:
        assert "pos_gru" in await read_until(terminal, "char_lstm")
        await terminal.send_json(["stdin", "tagger"])
        await read_until(terminal, "1 of 4")
        await terminal.send_json(["resize", {"width": 40, "height": 12}])
        await read_until(terminal, "pos_gru")
        await terminal.send_json(["stdin", "\x11"])
        async with asyncio.timeout(PATIENCE):
            while (message := await terminal.receive()).type not in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED):
                assert message.type is not aiohttp.WSMsgType.ERROR


def test_a_port_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = seqnlp("--port", str(port))
    assert done.returncode == 4
    assert re.fullmatch(r"error: .*address already in use\n", done.stderr)


def seqnlp(*options: str, before: str = "") -> subprocess.CompletedProcess[str]:
    code = f"{before}\nimport sys; sys.argv[0] = 'seqnlp'; from seqnlp.cli.app import main; main()"
    command = [sys.executable, "-c", code, "tui", "--web", *options]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=PATIENCE, check=False)


def test_without_the_extra() -> None:
    done = seqnlp(before="import sys; sys.modules['textual_serve'] = None")
    assert done.returncode == 2
    assert done.stderr == 'error: tui --web needs textual-serve: pip install "seqnlp[web]"\n'


def test_an_address_that_others_reach_is_warned_of() -> None:
    before = "from seqnlp.tui import web; web.Website.serve = lambda self: None"
    assert "there is no password" in seqnlp("--host", "0.0.0.0", before=before).stderr
    assert seqnlp("--host", "localhost", before=before).stderr == ""


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
async def test_in_chromium(site: str, tmp_path: Path) -> None:
    async with chromium(tmp_path) as browser:
        await browser.tell("Network.enable")
        await browser.tell("Page.enable")
        await browser.tell("Emulation.setFocusEmulationEnabled", enabled=True)
        await browser.tell("Page.navigate", url=site)
        await browser.wait(lambda: "char_lstm" in browser.drawn())
        assert await browser.value("document.body.classList.contains('-first-byte')")
        for letter in "tagger":
            await browser.tell("Input.dispatchKeyEvent", type="keyDown", text=letter, key=letter)
            await browser.tell("Input.dispatchKeyEvent", type="keyUp", key=letter)
        await browser.wait(lambda: "1 of 4" in browser.drawn())
        await asyncio.sleep(1)  # until it is painted
        picture = bytes_of(await browser.tell("Page.captureScreenshot", format="png"))
        if folder := os.environ.get("SEQNLP_SHOTS"):
            Path(folder, "web.png").write_bytes(picture)
        colours = colours_in(picture)
        assert (0x12, 0x15, 0x1A) in colours  # the background of the theme
        assert (0xE3, 0xB7, 0x78) in colours  # its accent
        asked = [event["request"]["url"] for event in browser.events("Network.requestWillBeSent")]
        assert site + "/" in asked
        assert all(url.startswith((site, "data:", "blob:" + site)) for url in asked), asked


class Browser:
    """A page of Chromium, driven over its debugging protocol."""

    def __init__(self, line: Any) -> None:
        self._line, self._number, self._events = line, 0, list[dict[str, Any]]()

    async def tell(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        await self._line.send_json({"id": self._number, "method": method, "params": params})
        async with asyncio.timeout(PATIENCE):
            while (message := json.loads((await self._line.receive()).data)).get("id") != self._number:
                self._events.append(message)
        assert "error" not in message, message
        found: dict[str, Any] = message["result"]
        return found

    async def value(self, expression: str) -> Any:
        return (await self.tell("Runtime.evaluate", expression=expression))["result"].get("value")

    async def wait(self, seen: Any) -> None:
        async with asyncio.timeout(PATIENCE):
            while not seen():
                await self.value("1")
                await asyncio.sleep(0.1)

    def events(self, name: str) -> list[dict[str, Any]]:
        return [event["params"] for event in self._events if event.get("method") == name]

    def drawn(self) -> str:
        """All that the application has sent to the terminal."""
        frames = [event["response"] for event in self.events("Network.webSocketFrameReceived")]
        sent = b"".join(bytes_of({"data": frame["payloadData"]}) for frame in frames if frame["opcode"] == 2)
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", sent.decode("utf-8", "replace"))


@asynccontextmanager
async def chromium(folder: Path) -> AsyncIterator[Browser]:
    options = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--remote-debugging-port=0"]
    options += [f"--user-data-dir={folder}/chromium", "--window-size=1000,600", "--no-first-run", "about:blank"]
    options += ["--disable-background-networking", "--disable-component-update", "--use-angle=swiftshader"]
    options += ["--enable-unsafe-swiftshader"]
    process = await asyncio.create_subprocess_exec(
        str(CHROMIUM), *options, stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(PATIENCE):
            while b"DevTools listening on" not in (line := await process.stderr.readline()):
                assert line, "chromium has ended"
        reading = asyncio.create_task(process.stderr.read())
        address = line.decode().split()[-1].replace("ws://", "http://").split("/devtools")[0]
        async with aiohttp.ClientSession() as client:
            pages = await (await client.get(f"{address}/json/list")).json()
            page = next(page for page in pages if page["type"] == "page")
            async with client.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=0) as line_to_page:
                yield Browser(line_to_page)
        reading.cancel()
    finally:
        process.kill()
        await process.wait()


def bytes_of(answer: dict[str, Any]) -> bytes:
    from base64 import b64decode

    return b64decode(answer["data"])


def colours_in(png: bytes) -> set[tuple[int, ...]]:
    """The colours of a picture (PNG, 8 bits, RGB or RGBA; the specification's five filters)."""
    at, data, width, depth = 8, b"", 0, 0
    while at < len(png):
        size, kind = int.from_bytes(png[at : at + 4], "big"), png[at + 4 : at + 8]
        body = png[at + 8 : at + 8 + size]
        if kind == b"IHDR":
            width, depth = int.from_bytes(body[:4], "big"), {2: 3, 6: 4}[body[9]]
        data += body if kind == b"IDAT" else b""
        at += size + 12
    raw, stride = zlib.decompress(data), width * depth
    above, found = bytearray(stride), set[tuple[int, ...]]()
    for start in range(0, len(raw), stride + 1):
        row = bytearray(raw[start + 1 : start + 1 + stride])
        for i in range(stride):
            left, up = row[i - depth] if i >= depth else 0, above[i]
            corner = above[i - depth] if i >= depth else 0
            match raw[start]:
                case 1:
                    row[i] = (row[i] + left) % 256
                case 2:
                    row[i] = (row[i] + up) % 256
                case 3:
                    row[i] = (row[i] + (left + up) // 2) % 256
                case 4:
                    guess = left + up - corner
                    row[i] = (row[i] + min((left, up, corner), key=lambda near: abs(guess - near))) % 256
        above = row
        found.update(tuple(row[i : i + 3]) for i in range(0, stride, depth))
    return found
