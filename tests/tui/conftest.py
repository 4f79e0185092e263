"""A service that needs no model, runs that were never trained, and pictures to compare with.

`SEQNLP_GOLDEN=write pytest tests/tui` writes the pictures anew; look at them before they are committed.
"""

import asyncio
import json
import os
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.segment import Segment
from textual.color import Color
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Input, TextArea

from seqnlp.run.summary import Summary
from seqnlp.service.client import ModelService, ServiceState
from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.listing import RunFolder
from seqnlp.tui.screens.compare import CompareScreen
from seqnlp.tui.screens.run import RunScreen
from seqnlp.tui.screens.watch import WatchScreen
from seqnlp.tui.themes import NIGHT, PAPER
from seqnlp.tui.trainings import Training
from seqnlp.tui.widgets.prompt import Prompt

GOLDEN = Path(__file__).parent / "golden"
PATIENCE = 300
"""Tenths of a second to wait for a screen that a busy machine draws late."""
TRAINING = 150.0
"""Seconds to wait for a training, a process that imports torch first: on a busy machine that alone may take half."""
Reply = Callable[[Mapping[str, Any]], Iterable[Any]]


class FakeService(ModelService):
    """Answers from functions, one a question; an exception among the items is raised."""

    def __init__(self, replies: Mapping[str, Reply]) -> None:
        super().__init__()
        self.replies: dict[str, Reply] = {"unknown": lambda _: [[]], "shares": lambda _: [{}], **replies}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        """The questions so far, with their settings."""
        self.open = 0
        """Answers that have begun and not ended."""
        self.pause = 0.0
        """Seconds before each item."""
        self.gate = asyncio.Event()
        """While it is not set no item comes."""
        self.gate.set()

    async def start(self) -> None:
        self.set_state(ServiceState.READY)

    async def close(self) -> None:
        self.set_state(ServiceState.ASLEEP)

    async def stream(self, do: str, run: str, settings: Mapping[str, Any]) -> AsyncGenerator[Any, None]:
        self.asked.append((do, dict(settings)))
        self.open += 1
        try:
            for item in self.replies[do](settings):
                await asyncio.sleep(self.pause)
                await self.gate.wait()
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            self.open -= 1


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _no_surprises(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr("textual._wait.SLEEP_GRANULARITY", 1 / 500)  # Textual's own pauses after each key
    monkeypatch.setattr("seqnlp.tui.panels.base.TYPING_PAUSE", 0.02)
    monkeypatch.setattr("seqnlp.tui.panels.lm.PAUSE", 0.02)
    monkeypatch.setattr("seqnlp.tui.screens.train.TYPING_PAUSE", 0.02)
    for line in (Input, TextArea):  # a cursor that blinks is seen in one picture and not in the next
        monkeypatch.setattr(line.cursor_blink, "_default", False)
    time.tzset()


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder `runs`, in the working directory, with a few runs that look trained."""
    monkeypatch.chdir(tmp_path)
    make_run("char_lstm", "lm", "bits_per_char", 2.0322, "2025-11-03T10:32:00+00:00", 1_234_567)
    make_run("pos_gru", "tag", "accuracy", 0.9312, "2025-11-02T09:00:00+00:00", 834_000)
    make_run("sentiment_lstm", "classify", "accuracy", 0.8714, "2025-10-28T17:45:00+00:00", 2_100_000)
    broken = Path("runs/interrupted_copy")
    broken.mkdir()
    (broken / "model.safetensors").write_bytes(b"?" * 100)
    return Path("runs")


def make_run(name: str, task: str, metric: str, score: float, created: str, size: int) -> Path:
    """A directory with all that a list of runs reads of one."""
    run = Path("runs", name)
    (run / "codecs").mkdir(parents=True)
    (run / "recipe.toml").write_text(f'task = "{task}"\n')
    (run / "meta.json").write_text(json.dumps({"format": 2, "created": created}))
    (run / "scores.json").write_text(json.dumps({"test": {metric: score}}))
    with open(run / "model.safetensors", "wb") as model:
        model.truncate(size)
    where = {"step": 9, "epoch": 1, "seconds": 2}
    event = {"event": "evaluated", "metric": metric, "scores": {metric: score}, "best": True, **where}
    lines = [event, {"event": "done", **where, "reason": "finished"}]
    (run / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return run


@pytest.fixture
def new_run() -> Callable[..., Path]:
    """Makes one more: `new_run("word_lstm", "lm", "bits_per_char", 2.2, "2025-11-01T08:00:00+00:00", 4_200_000)`."""
    return make_run


@pytest.fixture
def fake() -> type[FakeService]:
    """The class: `fake({"tag": lambda settings: [...]})`."""
    return FakeService


def text_on(app: SeqnlpApp) -> str:
    """What the screen shows, as text."""
    return "\n".join(strip.text.rstrip() for strip in app.screen._compositor.render_strips())


async def wait_for(app: SeqnlpApp, wanted: str, there: bool = True) -> None:
    """Wait until the screen shows some text, for on a busy machine it may come late."""
    for _ in range(PATIENCE):
        if (wanted in text_on(app)) == there:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{wanted!r} is {'not ' if there else ''}in:\n{text_on(app)}")


@pytest.fixture(autouse=True)
def notes(monkeypatch: pytest.MonkeyPatch) -> Callable[[SeqnlpApp], list[str]]:
    """Messages of all notifications so far: `any("no model" in note for note in notes(app))`."""
    found: dict[SeqnlpApp, list[str]] = {}
    notify = SeqnlpApp.notify

    def record(app: SeqnlpApp, message: str, **settings: Any) -> None:
        found.setdefault(app, []).append(message)
        notify(app, message, **settings)

    monkeypatch.setattr(SeqnlpApp, "notify", record)
    return lambda app: found.get(app, [])


def panel_of(app: SeqnlpApp) -> Any:
    """The panel of the task on the screen, or else the screen."""
    screen = app.screen
    return screen.panel or screen if isinstance(screen, RunScreen | CompareScreen) else screen


def draw(app: SeqnlpApp) -> str:
    """The screen as SVG, the same each time."""
    return re.sub(r"terminal-\d+", "terminal-ID", app.export_screenshot(simplify=True))


@pytest.fixture
def text_of() -> Callable[[SeqnlpApp], str]:
    """What the screen shows, as text: `text_of(app)`."""
    return text_on


@pytest.fixture
def shows() -> Callable[[SeqnlpApp, str], Awaitable[None]]:
    """Waits until the screen shows some text: `await shows(app, "ready")`."""
    return wait_for


@pytest.fixture
def hides() -> Callable[[SeqnlpApp, str], Awaitable[None]]:
    """Waits until the screen shows some text no longer: `await hides(app, "loading")`."""
    return lambda app, text: wait_for(app, text, there=False)


@pytest.fixture
def settled() -> Callable[[Any], Awaitable[Any]]:
    """Waits until nothing is asked or drawn any more, and gives the panel, or else the screen."""

    async def wait(pilot: Any) -> Any:
        app, calm, last, busy = pilot.app, 0, "", list[object]()
        try:
            async with asyncio.timeout(PATIENCE / 10):
                while calm < 2:  # once may be a moment between two messages
                    await pilot.pause()
                    busy, now = [worker for worker in app.workers if not worker.is_finished], text_on(app)
                    calm = 0 if busy or now != last else calm + 1
                    last = now
        except TimeoutError:
            raise AssertionError(f"still at work: {busy}\n{last}") from None
        return panel_of(app)

    return wait


@pytest.fixture
def burst() -> Callable[..., None]:
    """Keys as a terminal sends them when they are pasted, none after what the last one does: `burst(app, *"a b")`."""

    def send(app: SeqnlpApp, *keys: str) -> None:
        for key in keys:
            app.post_message(Key(key, key if len(key) == 1 else None))

    return send


@pytest.fixture
def typed(settled: Callable[[Any], Awaitable[Any]]) -> Callable[[Any, str], Awaitable[Any]]:
    """Types what a model is asked, and waits for the answer: `screen = await typed(pilot, "Ada")`."""

    async def type_in(pilot: Any, text: str) -> Any:
        pilot.app.screen.query_one(Prompt).focus().text = text
        return await settled(pilot)

    return type_in


@pytest.fixture
def watched() -> Callable[[Any, str], Awaitable[WatchScreen]]:
    """Opens the screen of a training: `screen = await watched(pilot, "my_run")`."""

    async def watch(pilot: Any, name: str) -> WatchScreen:
        screen = WatchScreen(pilot.app.trainings, name, pilot.app.service)
        pilot.app.push_screen(screen)
        await pilot.pause()
        await screen.look()
        await pilot.pause()
        return screen

    return watch


@pytest.fixture
def until() -> Callable[..., Awaitable[None]]:
    """Follows a training until something is true: `await until(pilot, lambda: training.code == 0)`."""

    async def wait(pilot: Any, true: Callable[[], object], seconds: float = TRAINING) -> None:
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, "this never came"
            if isinstance(pilot.app.screen, WatchScreen):
                await pilot.app.screen.look()
            await pilot.pause(0.01)

    return wait


async def check_contrast(app: SeqnlpApp) -> None:
    """Each letter and digit on the screen has a contrast of 4.5 (WCAG, AA), in both themes."""
    own = app.theme
    for theme in (NIGHT, PAPER):
        app.theme = theme.name
        grounds = {Color.parse(theme.panel or ""), Color.parse(theme.surface or "")}  # of header and footer, of a box
        for _ in range(PATIENCE):
            strips = app.screen._compositor.render_strips()
            if any(background_of(segment) in grounds for strip in strips for segment in strip):
                break
            await asyncio.sleep(0.1)
        if isinstance(app.screen, ModalScreen):  # what is behind it is inactive
            box = app.screen.children[0].region
            strips = [strip.crop(box.x, box.right) for strip in strips[box.y : box.bottom]]
        faint = {
            (segment.text.strip(), ratio)
            for strip in strips
            for segment in strip
            if any(map(str.isalnum, segment.text)) and (ratio := contrast_of(segment)) < 4.5
        }
        assert faint == set(), theme.name
    app.theme = own


def background_of(segment: Segment) -> Color | None:
    style = segment.style
    return None if style is None or style.bgcolor is None else Color.from_rich_color(style.bgcolor)


def contrast_of(segment: Segment) -> float:
    """Ratio of text and background; inactive text, which is dim, has none to keep."""
    style = segment.style
    assert style is not None
    assert style.color is not None
    if style.dim:
        return 21
    light, dark = sorted((brightness(Color.from_rich_color(style.color)), brightness(background_of(segment))))[::-1]
    return round((light + 0.05) / (dark + 0.05), 2)


def brightness(color: Color | None) -> float:
    """Relative luminance as WCAG 2 defines it."""
    assert color is not None
    parts = [part / 255 for part in color.rgb]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.fixture
def golden(tmp_path: Path) -> Callable[[SeqnlpApp, str], Awaitable[None]]:
    """Compares the screen with its picture, or writes it if the environment says so; its text must be legible.

    `await golden(app, "home")`
    """

    async def check(app: SeqnlpApp, name: str) -> None:
        await compare(app, name)
        if not app.ansi_color:
            await check_contrast(app)

    async def compare(app: SeqnlpApp, name: str) -> None:
        file = GOLDEN / f"{name}.svg"
        if os.environ.get("SEQNLP_GOLDEN") == "write":
            await asyncio.sleep(1)
            GOLDEN.mkdir(exist_ok=True)
            file.write_text(draw(app), encoding="utf8")
        assert file.exists(), f"no picture: {file.name}; see conftest.py"
        wanted = file.read_text(encoding="utf8")
        for _ in range(PATIENCE):  # on a busy machine the last change may come late
            if draw(app) == wanted:
                return
            await asyncio.sleep(0.1)
        drawn = tmp_path / file.name
        drawn.write_text(draw(app), encoding="utf8")
        raise AssertionError(f"the screen differs from {file.name}; it is in {drawn}:\n{text_on(app)}")

    return check


def counted_looks(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """A list that grows with each look into the folder from now on."""
    looks: list[object] = []
    look = RunFolder.read

    def counted(folder: RunFolder, trainings: Sequence[Training] = ()) -> list[Summary]:
        looks.append(trainings)
        return look(folder, trainings)

    monkeypatch.setattr(RunFolder, "read", counted)
    return looks
