"""A predictor that needs no model, runs that were never trained, and pictures to compare with.

`SEQNLP_GOLDEN=write pytest tests/tui` writes the pictures anew; look at them before they are committed.
"""

import asyncio
import json
import os
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.predictor import Predictor, State

GOLDEN = Path(__file__).parent / "golden"
PATIENCE = 50
"""Tenths of a second to wait for a screen that a busy machine draws late."""
Reply = Callable[[Mapping[str, Any]], Iterable[Any]]


class FakePredictor(Predictor):
    """Answers from functions, one a question; an exception among the items is raised."""

    def __init__(self, replies: Mapping[str, Reply]) -> None:
        super().__init__()
        self.replies = {"unknown": lambda _: [[]], **replies}
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
        self.become(State.READY)

    async def close(self) -> None:
        self.become(State.ASLEEP)

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


@pytest.fixture(params=[(80, 24), (140, 45)], ids=["80x24", "140x45"])
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    """The terminals that pictures are taken of."""
    found: tuple[int, int] = request.param
    return found


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _no_surprises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(SeqnlpApp, "forgiving", False)
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
    (run / "meta.json").write_text(json.dumps({"format": 1, "created": created}))
    (run / "scores.json").write_text(json.dumps({"test": {metric: score}}))
    with open(run / "model.safetensors", "wb") as model:
        model.truncate(size)
    event = {"event": "evaluated", "metric": metric, "scores": {metric: score}, "best": True, "epoch": 1, "step": 9}
    lines = [event, {"event": "done", "step": 9}]
    (run / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return run


@pytest.fixture
def new_run() -> Callable[..., Path]:
    """Makes one more: `new_run("word_lstm", "lm", "bits_per_char", 2.2, "2025-11-01T08:00:00+00:00", 4_200_000)`."""
    return make_run


@pytest.fixture
def fake() -> type[FakePredictor]:
    """The class: `fake({"tag": lambda settings: [...]})`."""
    return FakePredictor


@pytest.fixture
def text_of() -> Callable[[SeqnlpApp], str]:
    """What the screen shows, as text: `text_of(app)`."""
    return lambda app: "\n".join(strip.text.rstrip() for strip in app.screen._compositor.render_strips())


@pytest.fixture
def shows(text_of: Callable[[SeqnlpApp], str]) -> Callable[[SeqnlpApp, str], Awaitable[None]]:
    """Waits until the screen shows some text, for on a busy machine it may come late: `await shows(app, "ready")`."""

    async def check(app: SeqnlpApp, wanted: str) -> None:
        for _ in range(PATIENCE):
            if wanted in text_of(app):
                return
            await asyncio.sleep(0.1)
        assert wanted in text_of(app)

    return check


@pytest.fixture
def golden() -> Callable[[SeqnlpApp, str], Awaitable[None]]:
    """Compares the screen with its picture, or writes it if the environment says so: `await golden(app, "home")`."""

    def draw(app: SeqnlpApp) -> str:
        return re.sub(r"terminal-\d+", "terminal-ID", app.export_screenshot(simplify=True))

    async def check(app: SeqnlpApp, name: str) -> None:
        file = GOLDEN / f"{name}-{app.size.width}x{app.size.height}.svg"
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
        assert draw(app) == wanted, f"the screen differs from {file.name}"

    return check
