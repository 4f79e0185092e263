"""The terminal application: first picture, keys while it writes, the cost of showing, and memory."""

import asyncio
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from functools import partial
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from textual.color import Color

from seqnlp.api import train
from seqnlp.service.client import ModelService, ServiceClient, ServiceState
from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.listing import run_at
from seqnlp.tui.panels.lm import LmPanel
from seqnlp.tui.themes import NIGHT
from tests.tui.pty_terminal import PtyTerminal, application

ROOT = Path(__file__).parents[2]
MANY = 2_000_000
PATIENCE = 120.0
KEYS = 40
ACCENTS = {
    ";".join(["2", *(str(part + by) for part, by in zip(Color.parse(NIGHT.accent or "").rgb, away, strict=True))])
    for away in product((-1, 0, 1), repeat=3)
}
"""Ground of the cursor, as it may be rounded on its way to the terminal."""
UP, DOWN, RIGHT, LEFT = (f"\x1b[{letter}" for letter in "ABCD")

pytestmark = pytest.mark.benchmark


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A language model of the shipped size; how good it is plays no part."""
    run = tmp_path_factory.mktemp("here") / "runs/writer"
    settings = ["training.epochs=1", "training.threads=1", "data.train='corpora/prose/dev.txt'"]
    list(train(ROOT / "recipes/char_lstm.toml", settings, run))
    return run


class Terminal:
    """`seqnlp tui` in a pseudo-terminal of 140x45, as it is when installed: with compiled modules."""

    def __init__(self, compiled: Path, *arguments: str) -> None:
        self.begun = time.perf_counter()
        self.pid, self._handle = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 45, 140, 0, 0))
            os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", PYTHONPYCACHEPREFIX=str(compiled))
            os.execv(sys.executable, [sys.executable, "-m", "seqnlp", "tui", *arguments])

    def write(self, keys: str) -> None:
        os.write(self._handle, keys.encode())

    def read_until(self, wanted: bytes) -> None:
        seen, end = b"", time.perf_counter() + PATIENCE
        while wanted not in seen:
            assert time.perf_counter() < end, seen[-2000:]
            if select.select([self._handle], [], [], 1)[0]:
                seen = seen[-100:] + os.read(self._handle, 1 << 16)

    def cpu(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        os.close(self._handle)  # a terminal that is gone ends the application, and with it the worker
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)


@pytest.fixture
def open_terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Terminal]]:
    compiled, opened = tmp_path_factory.getbasetemp() / "compiled", list[Terminal]()

    def begin(*arguments: str) -> Terminal:
        opened.append(Terminal(compiled, *arguments))
        return opened[-1]

    yield begin
    for terminal in opened:
        terminal.close()


def test_first_picture(trained: Path, open_terminal: Callable[..., Terminal]) -> None:
    seconds, work, bare = list[float](), list[float](), list[float]()
    for _ in range(6):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import textual.app, textual.widgets"], check=True)
        bare.append(time.perf_counter() - begun)
        terminal = open_terminal("--runs", str(trained.parent))
        terminal.read_until(b"writer")
        seconds.append(time.perf_counter() - terminal.begun)
        work.append(terminal.cpu())
        terminal.write("\x11")
        os.waitid(os.P_PID, terminal.pid, os.WEXITED | os.WNOWAIT)
    seconds, work = seconds[1:], work[1:]  # the first one compiles
    print(
        f"first picture: {min(seconds):.2f} s at best, {median(seconds):.2f} s mostly; {min(work):.2f} s of processor; "
        f"the import of Textual alone: {min(bare):.2f} s at best, {median(bare):.2f} s mostly"
    )
    assert min(work) < max(0.5, 1.5 * median(bare))


@pytest.fixture
def writer(trained: Path, tmp_path: Path) -> Iterator[PtyTerminal]:
    """The language model's screen at 140x45, with a text of 500 characters."""
    state = {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    terminal = PtyTerminal(application(str(trained), "--runs", str(trained.parent)), tmp_path, 140, 45, **state)
    terminal.wait("how shall it begin?")
    terminal.press("The\r")
    terminal.wait("length reached")
    yield terminal
    terminal.close()


def test_keys_while_it_writes(writer: PtyTerminal) -> None:
    for keys in ("d", UP, UP, *[RIGHT] * 5):  # to the length
        writer.press(keys)
    writer.wait("endless")
    writer.press("n")
    writer.wait("characters/s")
    for keys in ("d", DOWN, DOWN):  # to the temperature
        writer.press(keys)
    turns = [(RIGHT, r"temperature[^0-9]+0\.85"), (LEFT, r"temperature[^0-9]+0\.80")] * KEYS
    waits = []
    for key, value in turns:
        time.sleep(0.05)
        begun = time.perf_counter()
        writer.press(key)
        writer.wait(partial(_has, value))
        waits.append((writer.arrived - begun) * 1000)
    assert median(waits) < 50
    assert late("key to screen while it writes", waits) < 75  # of a key that comes as a full screen is drawn


def test_keys_while_influence_is_computed(writer: PtyTerminal) -> None:
    writer.press(LEFT)
    writer.press("i")
    writer.wait("influence on")
    for pause in (0.05, 0.2):  # as a key that is held does, and so slowly that each influence is begun
        waits = []
        for _ in range(2 * KEYS):
            time.sleep(pause)
            before = at_cursor(writer)
            begun = time.perf_counter()
            writer.press(LEFT)
            writer.wait(partial(_has_moved, writer, before))
            waits.append((writer.arrived - begun) * 1000)
        assert late(f"key to screen, each {1000 * pause:.0f} ms, while influence is computed", waits) < 50


def at_cursor(terminal: PtyTerminal) -> list[tuple[int, int]]:
    """Cells of the token under the cursor; it takes so little time that it can be asked again and again."""
    rows = enumerate(terminal.screen.cells[3:-2])
    return [(y, x) for y, row in rows for x, (_, (_, _, ground)) in enumerate(row[:90]) if ground in ACCENTS]


def _has(pattern: str, seen: str) -> bool:
    return re.search(pattern, seen) is not None


def _has_moved(terminal: PtyTerminal, before: list[tuple[int, int]], seen: str) -> bool:
    return at_cursor(terminal) != before


def late(what: str, waits: list[float]) -> float:
    """Milliseconds within which 95 of 100 are there; printed."""
    found = sorted(waits)[int(0.95 * len(waits))]
    print(f"{what}: {median(waits):.0f} ms mostly, 95 of 100 within {found:.0f} ms")
    return found


def test_what_showing_costs(trained: Path) -> None:
    characters = 60_000
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    ratios = []
    for _ in range(3):
        plain = _command(trained, characters)
        shown = asyncio.run(_shown(trained, characters))
        ratios.append(shown / plain)
        print(f"characters/s: {plain:,.0f} by `seqnlp generate`, {shown:,.0f} on a screen of 140x45")
    print(f"showing keeps {max(ratios):.0%} at best, {median(ratios):.0%} mostly")


def _command(run: Path, length: int) -> float:
    """Characters a second that `seqnlp generate` writes, once it has begun."""
    command = [sys.executable, "-m", "seqnlp", "generate", str(run), "--prompt", "The", "--length", str(length)]
    with subprocess.Popen([*command, "--temperature", "0.8"], stdout=subprocess.PIPE, cwd=ROOT, text=True) as program:
        assert program.stdout is not None
        program.stdout.read(1000)
        begun = time.perf_counter()
        return len(program.stdout.read()) / (time.perf_counter() - begun)


async def _shown(run: Path, length: int) -> float:
    app = SeqnlpApp(run.parent, ServiceClient(), run_at(run))
    async with app.run_test(size=(140, 45)) as pilot:
        panel = app.screen.query_one(LmPanel)
        await panel.ask(0, "load", {})
        await pilot.press(*"The")
        panel.settings["length"] = length
        begun = time.perf_counter()
        await pilot.press("enter")
        while panel.session.busy or not panel.session.buffers[0].tokens:
            await asyncio.sleep(0.01)
        return length / (time.perf_counter() - begun)


class Endless(ModelService):
    """Writes as fast as it is read."""

    async def start(self) -> None:
        self.set_state(ServiceState.READY)

    async def close(self) -> None:
        pass

    async def stream(self, do: str, run: str, settings: Mapping[str, Any]) -> AsyncGenerator[Any, None]:
        text = " The lamp was lit, and the boats came in over the bar.\nNobody spoke." * 6
        for _ in range(settings.get("length", 0) // len(text) if do == "generate" else 0):
            numbers = [-0.01 * (place * 7 % 600) for place in range(len(text))]
            yield {"sample": 0, "text": text, "lengths": [1] * len(text), "logprobs": numbers}
            await asyncio.sleep(0)
        if do != "generate":
            yield []


async def _memory(run: Path) -> tuple[float, float]:
    """MB in use after the first quarter, and at the end."""
    app = SeqnlpApp(run.parent, Endless(), run_at(run))
    async with app.run_test(size=(140, 45)) as pilot:
        panel = app.screen.query_one(LmPanel)
        panel.settings["length"] = MANY
        await pilot.press("enter")
        early = 0.0
        while panel.session.busy or not early:
            await asyncio.sleep(0.02)
            if not early and panel.view.buffer.characters > MANY // 4:
                early = _resident()
        assert panel.view.buffer.characters > 0.99 * MANY
        return early, _resident()


def _resident() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def test_memory_does_not_grow(trained: Path) -> None:
    early, late = asyncio.run(_memory(trained))
    print(f"memory: {early:.0f} MB after {MANY // 4:,} characters, {late:.0f} MB after {MANY:,}")
    assert late - early < 10
