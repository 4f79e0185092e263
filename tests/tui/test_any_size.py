"""The screens that answer as one types, on terminals of any size and under hasty fingers."""

from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.widgets import Input

from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.listing import run_at
from seqnlp.tui.panels import base
from seqnlp.tui.panels.base import PredictPanel
from seqnlp.tui.screens.compare import CompareScreen
from seqnlp.tui.screens.home import HomeScreen
from seqnlp.tui.screens.run import RunScreen

pytestmark = pytest.mark.anyio

WORDS = "Ada met 查尔斯·巴贝奇 in Donaudampfschifffahrtsgesellschaft , " * 6
TOKENS = WORDS.split()
MATRIX = [[1 / len(TOKENS)] * len(TOKENS)] * len(TOKENS)
TRANSLATION = {"text": WORDS.strip(), "score": -1.0, "logprob": -3.0, "tokens": TOKENS, "source_tokens": TOKENS}
SERIES = {"name": "a series", "times": ["2024-01-01T00:00:00", "2024-01-02T00:00:00"], "values": [1.0, float("nan")]}
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
    "forecast": {"trained": 2, "forecasts": [SERIES], "history": {"a series": [1.0, float("nan"), 2.0]}},
}
KEYS = ["down", "right", "f2", "f3", "left", "i", "plus", "up", "s", "pageup", "x", "end", "delete", "home", "enter"]


@pytest.mark.parametrize("task", list(ANSWERS))
async def test_no_size_and_no_key_breaks_a_screen(
    task: str, runs: Path, fake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if task in ("classify", "translate"):
        monkeypatch.setenv("NO_COLOR", "1")
    (runs / "pos_gru" / "recipe.toml").write_text(f'task = "{task}"\n[data]\ntest = "x.csv"\n')
    replies = {"load": lambda settings: [{}], task: lambda settings: [ANSWERS[task]]}
    app = SeqnlpApp(runs, fake(replies), run_at(runs / "pos_gru"))
    async with app.run_test(size=(80, 24)) as pilot:
        screen = app.screen
        assert isinstance(screen, RunScreen)
        assert isinstance(screen.panel, PredictPanel)
        screen.query_one("#text").focus()
        app.post_message(events.Paste(WORDS))
        await pilot.pause()
        await app.workers.wait_for_complete()
        for size in ((10, 4), (21, 9), (200, 60), (40, 12)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            screen.panel.answer.focus()
            for key in KEYS * 2:  # without a pause
                app.simulate_key(key)
            await pilot.pause()
        await app.workers.wait_for_complete()
        assert app.screen is screen
        assert app.return_code in (None, 0)


@pytest.mark.parametrize("task", list(ANSWERS))
async def test_who_types_may_leave_at_once(
    task: str, runs: Path, fake: Any, monkeypatch: pytest.MonkeyPatch, settled: Any
) -> None:
    monkeypatch.setattr(base, "TYPING_PAUSE", 0.02)
    (runs / "pos_gru" / "recipe.toml").write_text(f'task = "{task}"\n[data]\ntest = "x.csv"\n')
    replies = {"load": lambda settings: [{}], task: lambda settings: [ANSWERS[task]]}
    app = SeqnlpApp(runs, fake(replies))
    run = run_at(runs / "pos_gru")
    async with app.run_test(size=(80, 24)) as pilot:
        for attempt in range(10):
            screen = CompareScreen(run, run, app.service) if attempt % 2 else RunScreen(run, app.service)
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
            assert app.service.open == 0
