"""Every screen on terminals of other sizes, as text; and panels under hasty fingers, on sizes that nobody has."""

import json
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.screen import ModalScreen
from textual.widgets import Input

from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.listing import run_at
from seqnlp.tui.panels.base import PredictPanel
from seqnlp.tui.screens.compare import CompareScreen
from seqnlp.tui.screens.home import HomeScreen
from seqnlp.tui.screens.run import RunScreen
from seqnlp.tui.screens.train import TrainScreen
from seqnlp.tui.screens.watch import WatchScreen

pytestmark = pytest.mark.anyio

WORDS = "Ada met 查尔斯·巴贝奇 in Donaudampfschifffahrtsgesellschaft , " * 6
TOKENS = WORDS.split()
MATRIX = [[1 / len(TOKENS)] * len(TOKENS)] * len(TOKENS)
TRANSLATION = {"text": WORDS.strip(), "score": -1.0, "logprob": -3.0, "tokens": TOKENS, "source_tokens": TOKENS}
SERIES = {"name": "a series", "times": ["2024-01-01T00:00:00", "2024-01-02T00:00:00"], "values": [1.0, float("nan")]}
HEARD = [{"text": f" {word}", "start": n / 9, "end": n / 9 + 0.1, "score": 0.5} for n, word in enumerate(TOKENS)]
SENTENCE = {
    "text": WORDS.strip(),
    "start": 0,
    "end": len(WORDS),
    "begins_paragraph": True,
    "tokens": [
        {"text": word, "start": n, "end": n + 1, **({"words": ["a", "b"]} if n % 3 == 2 else {})}
        for n, word in enumerate(TOKENS)
    ],
}
SPEECH = {
    "text": WORDS.strip(),
    "seconds": 4.0,
    "words": HEARD,
    "tokens": HEARD,
    "reference": None,
    "index": 1,
    "count": 3,
    "peaks": [[-0.5, 0.4], [-0.1, 0.9], [0.0, 0.0]],
    "labels": sorted({f" {word}" for word in TOKENS}),
    "posteriors": [[0.1, 0.9, 0.4]] * len(set(TOKENS)),
}
ANSWERS: dict[str, Any] = {
    "tag": {
        "tokens": TOKENS,
        "tags": ["O"] * len(TOKENS),
        "scores": [0.5] * len(TOKENS),
        "spans": [{"label": "A VERY LONG LABEL", "start": 1, "end": 4}, {"label": "X", "start": 4, "end": 5}],
    },
    "classify": {
        "tokens": TOKENS,
        "labels": ["no"],
        "scores": {"no": 1.0, "a class with a very long name indeed": 0.0},
        "contributions": [(-1.0) ** place * place for place in range(len(TOKENS))],
    },
    "translate": {**TRANSLATION, "attention": MATRIX, "alternatives": [{**TRANSLATION, "attention": MATRIX}]},
    "forecast": {
        "trained": 2,
        "left_out": [],
        "forecasts": [SERIES],
        "history": {"a series": [1.0, float("nan"), 2.0]},
    },
    "transcribe": SPEECH,
    "segment": {"sentences": [SENTENCE, SENTENCE]},
    "juggle": {"text": WORDS, "json": {"words": TOKENS}},
}
"""An answer for each task with a line to type into; the last one has no panel of its own."""

KEYS = ["down", "right", "f2", "f3", "left", "i", "plus", "up", "s", "pageup", "x", "end", "delete", "home", "enter"]
PART = {"sample": 0, "text": "light ", "lengths": [6], "logprobs": [-0.3]}

SEEN = {
    "tag": {40: "A VERY LONG", 140: "A VERY LONG LABEL"},
    "classify": {40: "a class wit…", 140: "a class with a very"},
    "translate": {40: "▸ −1.00", 140: "in Donaudampfschifffahrtsgesellschaft , Ada met"},
    "forecast": {40: "a series   2 steps", 140: "3 steps before"},
    "transcribe": {40: "Ada met 查尔斯·巴贝奇 in", 140: "查尔斯·巴贝奇 in Donau"},
    "segment": {40: "2  Ada met 查尔斯·巴贝奇 (a b) in", 140: "查尔斯·巴贝奇 (a b) in Donau"},
    "juggle": {40: '"words": [', 140: '"words": ['},
}
"""Text on a narrow and on a wide terminal."""


def app_for(task: str, runs: Path, fake: Any) -> SeqnlpApp:
    (runs / "pos_gru" / "recipe.toml").write_text(f'task = "{task}"\n[data]\ntest = "x.csv"\n')
    answer = {"predict" if task == "juggle" else task: lambda settings: [ANSWERS[task]]}
    return SeqnlpApp(runs, fake({"load": lambda settings: [{}], **answer}), run_at(runs / "pos_gru"))


@pytest.mark.parametrize("task", list(ANSWERS))
async def test_no_size_and_no_key_breaks_a_panel(
    task: str, runs: Path, fake: Any, shows: Any, settled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if task in ("classify", "translate"):
        monkeypatch.setenv("NO_COLOR", "1")
    app = app_for(task, runs, fake)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = app.screen
        assert isinstance(screen, RunScreen)
        assert isinstance(screen.panel, PredictPanel)
        screen.query_one("#text").focus()
        if task not in ("forecast", "transcribe"):
            app.post_message(events.Paste(WORDS))
        await settled(pilot)
        for width, text in SEEN[task].items():
            await pilot.resize_terminal(width, 45)
            await shows(app, text)
        for size in ((10, 4), (21, 9), (200, 60), (40, 12)):
            await pilot.resize_terminal(*size)
            screen.panel.answer.focus()
            for key in KEYS * 2:  # without a pause
                app.simulate_key(key)
            await pilot.pause()
        for _ in KEYS:
            if isinstance(app.screen, ModalScreen):  # one of the keys has opened it
                await pilot.press("escape")
        await settled(pilot)
        assert app.screen is screen
        assert app.return_code in (None, 0)


@pytest.mark.parametrize("task", list(ANSWERS))
async def test_who_types_may_leave_at_once(task: str, runs: Path, fake: Any, settled: Any) -> None:
    app = app_for(task, runs, fake)
    run = run_at(runs / "pos_gru")
    async with app.run_test(size=(80, 24)) as pilot:
        await app.pop_screen()
        for kind in (RunScreen, CompareScreen, RunScreen):
            screen = RunScreen(run, app.service) if kind is RunScreen else CompareScreen(run, run, app.service)
            await app.push_screen(screen)
            line = screen.query("#text").first()
            line.focus()
            await settled(pilot)
            keys = ["x", "enter", "escape"] if isinstance(line, Input) else ["x", "escape"]
            for key in keys:  # without a pause
                app.simulate_key(key)
            await settled(pilot)
            if app.screen is screen:
                app.simulate_key("escape")
                await settled(pilot)
            assert isinstance(app.screen, HomeScreen)
            assert app.service.open == 0  # type: ignore[attr-defined]


@pytest.mark.parametrize("task", list(ANSWERS))
async def test_comparisons(task: str, runs: Path, fake: Any, shows: Any, settled: Any) -> None:
    app = app_for(task, runs, fake)
    run = run_at(runs / "pos_gru")
    async with app.run_test(size=(80, 24)) as pilot:
        screen = CompareScreen(run, run, app.service)
        await app.push_screen(screen)
        screen.query_one("#text").focus()
        if task not in ("forecast", "transcribe"):
            app.post_message(events.Paste(WORDS))
        await settled(pilot)
        for size in ((40, 45), (140, 45)):
            await pilot.resize_terminal(*size)
            await shows(app, "0.9312")  # its score
        for size in ((10, 4), (21, 9), (200, 60), (40, 12)):
            await pilot.resize_terminal(*size)
            for key in [key for key in KEYS if key != "f2"]:  # without a pause
                app.simulate_key(key)
            await pilot.pause()
        await settled(pilot)
        assert app.screen is screen
        assert app.return_code in (None, 0)


async def test_a_language_model(runs: Path, fake: Any, shows: Any, settled: Any) -> None:
    replies = {"load": lambda _: [{}], "generate": lambda _: [PART] * 50, "next": lambda _: [[["e", -0.5]]]}
    app = SeqnlpApp(runs, fake(replies), run_at(runs / "char_lstm"))
    async with app.run_test(size=(40, 24)) as pilot:
        await pilot.press("a", "enter")
        await settled(pilot)
        await shows(app, "temperature")
        await pilot.press("left")
        await shows(app, "light")
        await shows(app, "74.1%")  # in the place of the settings
        await pilot.resize_terminal(140, 45)
        await shows(app, "repetition")
        await shows(app, "74.1%")
        for size in [(1, 1), (20, 5), (200, 60), (20, 5)]:
            await pilot.resize_terminal(*size)
            await pilot.pause()
        await pilot.press("left", "up", "u", "question_mark", "escape", "escape", "escape")
        await settled(pilot)
        assert isinstance(app.screen, HomeScreen)


async def test_home(runs: Path, fake: Any, shows: Any, settled: Any) -> None:
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test(size=(20, 12)) as pilot:
        await settled(pilot)
        for width, text in {20: "char_l", 40: "bits_per_char", 60: "language model", 200: "3 Nov 2025"}.items():
            await pilot.resize_terminal(width, 12)
            await shows(app, text)


async def test_training(runs: Path, fake: Any, shows: Any, settled: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("recipes").mkdir()
    Path("recipes/mine.toml").write_text('task = "tag"\nhiden = 64\n')
    spot = {"key": "hiden", "place": "recipes/mine.toml:2:1", "spot": ["recipes/mine.toml", 2, 1]}
    faults = [{"problem": "unknown key", "hint": "", **spot}]
    app = SeqnlpApp(runs, fake({"check": lambda _: [{"faults": faults}]}))
    async with app.run_test(size=(40, 24)) as pilot:
        await app.push_screen(TrainScreen(app.trainings, app.service))
        await pilot.press(*"mine")
        await settled(pilot)
        for width in (40, 60, 200):
            await pilot.resize_terminal(width, 24)
            await shows(app, "hiden = 64")
            await shows(app, "unknown key")


async def test_watching(runs: Path, fake: Any, shows: Any) -> None:
    where = {"step": 9, "epoch": 1.0, "seconds": 4.0}
    scores = {"scores": {"accuracy": 0.5, "loss": 1.5}, "metric": "accuracy", "best": True}
    lines = [
        {"event": "started", **where, "step": 0, "steps": 20, "epochs": 2, "parameters": 9, "items_name": "words"},
        {"event": "stepped", **where, "loss": 1.25, "lr": 0.1, "items": 90, "items_per_second": 70.0},
        {"event": "evaluated", **where, **scores},
    ]
    (runs / "pos_gru/events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(WatchScreen(app.trainings, "pos_gru", app.service))
        for width, text in {40: "■ stopped", 60: "dev accuracy", 200: "kept"}.items():
            await pilot.resize_terminal(width, 40)
            await shows(app, text)
            await shows(app, "0.5000")
