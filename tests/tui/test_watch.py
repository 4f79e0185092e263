"""Watch: a training while it goes on, played by a few lines of code, and one real one."""

import json
import math
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from seqnlp.run.summary import curves
from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.screens.run import RunScreen
from seqnlp.tui.screens.watch import WatchScreen
from seqnlp.tui.trainings import Condition, Trainings

pytestmark = pytest.mark.anyio
PLAYED = Path(__file__).parent / "played_training.py"
ROOT = Path(__file__).parents[2]


@pytest.fixture
async def app(runs: Path, fake: Any) -> AsyncIterator[SeqnlpApp]:
    """With trainings that are played."""
    found = SeqnlpApp(runs, fake({"load": lambda settings: [{"task": "lm"}]}))
    found.trainings = Trainings(runs, (sys.executable, str(PLAYED)))
    yield found
    for training in found.trainings.alive():
        os.kill(training.record.pid, signal.SIGKILL)
        while training.alive:
            time.sleep(0.01)


def examples_at(step: int) -> list[dict[str, Any]]:
    """Two examples, of which the model gets more and more right."""
    words = ["Nobody", "had", "told", "the", "gardener", "about", "the", "second", "gate"]
    right = ["PRON", "AUX", "VERB", "DET", "NOUN", "ADP", "DET", "ADJ", "NOUN"]
    said = [tag if step > 100 * number else "NOUN" for number, tag in enumerate(right)]
    said[7] = "VERB"
    short = {"given": ["Rest", "here"], "expected": ["VERB", "ADV"], "predicted": ["NOUN", "ADV"], "labels": True}
    return [{"given": words, "expected": right, "predicted": said, "labels": True}, short]


def half_trained(root: Path, name: str, going_on: bool) -> None:
    """A run whose log looks like that of a training in its seventh epoch."""
    run = root / name
    run.mkdir()
    (run / "recipe.toml").write_text('task = "tag"\n')
    (run / "meta.json").write_text(json.dumps({"format": 2, "created": "2025-11-04T08:00:00+00:00"}))
    started = {"steps": 2000, "epochs": 10, "parameters": 1_043_291, "items_name": "words"}
    lines: list[dict[str, Any]] = [{"event": "started", "step": 0, "epoch": 0.0, "seconds": 0.0, **started}]
    for step in range(10, 1290, 10):
        where = {"step": step, "epoch": step / 200, "seconds": step / 8}
        loss = 0.12 + 2.4 * math.exp(-step / 180) + 0.03 * math.sin(step)
        speed = {"items": step * 900, "items_per_second": 7_214.0}
        lines.append({"event": "stepped", **where, "loss": loss, "lr": 0.002, **speed})
        if step % 200 == 0:
            accuracy = 0.93 - 0.4 * math.exp(-step / 250) - (0.004 if step == 1200 else 0)
            scores = {"accuracy": accuracy, "accuracy_unknown": accuracy - 0.1, "loss": loss + 0.05}
            best = {"metric": "accuracy", "best": step != 1200}
            lines.append({"event": "evaluated", **where, "scores": scores, **best, "examples": examples_at(step)})
    (run / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    if going_on:
        began = psutil.Process().create_time()
        record = {"recipe": "r.toml", "settings": [], "pid": os.getpid(), "started": began}
        (root / ".trainings").mkdir()
        (root / f".trainings/{name}.json").write_text(json.dumps(record))


async def test_the_picture(runs: Path, fake: Any, golden: Any, watched: Any) -> None:
    half_trained(runs, "pos_lstm", going_on=True)
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test(size=(80, 24)) as pilot:
        await watched(pilot, "pos_lstm")
        await golden(app, "watch")


async def test_without_colour(runs: Path, fake: Any, shows: Any, monkeypatch: pytest.MonkeyPatch, watched: Any) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    half_trained(runs, "pos_lstm", going_on=False)
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test(size=(100, 40)) as pilot:
        await watched(pilot, "pos_lstm")
        await shows(app, "■ stopped")
        await shows(app, "★")


async def test_other_scores_can_be_drawn_and_the_table_copied(runs: Path, fake: Any, shows: Any, watched: Any) -> None:
    half_trained(runs, "pos_lstm", going_on=False)
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test(size=(100, 40)) as pilot:
        await watched(pilot, "pos_lstm")
        await shows(app, "dev accuracy  ")
        await pilot.press("m")
        await pilot.pause()
        await shows(app, "dev accuracy_unknown")
        await pilot.press("m", "m")
        await pilot.pause()
        await shows(app, "dev accuracy  ")
        await pilot.press("ctrl+c")
        assert "★" in app.clipboard
        await pilot.press("up", "down", "question_mark")
        await shows(app, "resume")


async def test_the_last_rows_are_in_view_unless_one_scrolls(
    runs: Path, fake: Any, shows: Any, hides: Any, watched: Any
) -> None:
    half_trained(runs, "pos_lstm", going_on=False)
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await watched(pilot, "pos_lstm")
        await shows(app, "2 min 30 s")
        await hides(app, "   25 s")
        await pilot.press("up", "up")
        await shows(app, "   25 s")
        event = {
            "event": "evaluated",
            "step": 1300,
            "epoch": 6.5,
            "seconds": 190.0,
            "metric": "accuracy",
            "best": False,
        }
        with open(runs / "pos_lstm/events.jsonl", "a") as log:
            log.write(json.dumps({**event, "scores": {"accuracy": 0.9}}) + "\n")
        await screen.look()
        await shows(app, "epoch 7/10")
        await hides(app, "3 min 10 s  ")
        await pilot.press("down", "down", "down")
        await shows(app, "0.9000")
        await pilot.resize_terminal(80, 30)
        await shows(app, "0.9000")


async def test_pause_stop_and_resume_by_keys(
    app: SeqnlpApp, text_of: Any, shows: Any, hides: Any, until: Any, watched: Any
) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        training = app.trainings.start("recipe.toml", ["steps=100000"], "a")
        screen = await watched(pilot, "a")
        await until(pilot, lambda: screen.follower.status.latest)
        await shows(app, "● training")
        await hides(app, "resume")
        await pilot.press("r", "space")
        await until(pilot, lambda: training.condition is Condition.PAUSED)
        await screen.look()
        await pilot.pause()
        await shows(app, "⏸ paused")
        await shows(app, "space go on")
        await hides(app, "space pause")
        await pilot.press("space")
        await until(pilot, lambda: training.condition is Condition.RUNNING)
        await pilot.press("s")
        await until(pilot, lambda: "■ stopped" in text_of(app))
        assert training.code == 130
        await screen.look()  # at the last steps, too
        stopped = screen.follower.status.latest.step
        await hides(app, "pause")
        await pilot.press("space", "s")  # nothing is there to be paused
        await pilot.press("r")
        await until(pilot, lambda: screen.follower.status.latest.step > stopped)
        again = app.trainings.at("a")
        assert again is not None
        assert again is not training
        assert again.record.settings == ["steps=100000"]
        assert screen.follower.status.started.step == stopped


async def test_space_does_what_the_training_needs_now_and_not_when_it_was_last_looked_at(
    app: SeqnlpApp, text_of: Any, shows: Any, until: Any, watched: Any, monkeypatch: pytest.MonkeyPatch, notes: Any
) -> None:
    monkeypatch.setattr("seqnlp.tui.screens.watch.PERIOD", 3600)
    async with app.run_test(size=(100, 30)) as pilot:
        training = app.trainings.start("recipe.toml", ["steps=100000"], "a")
        screen = await watched(pilot, "a")
        await until(pilot, lambda: screen.follower.status.latest)
        await shows(app, "space pause")
        training.pause()
        while training.condition is not Condition.PAUSED:
            await pilot.pause(0.01)
        assert "space pause" in text_of(app)  # it has not been looked at since
        await pilot.press("space")
        assert training.condition is Condition.RUNNING
        assert not notes(app)


async def test_a_training_that_fails_says_why(
    app: SeqnlpApp, text_of: Any, shows: Any, until: Any, watched: Any
) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        app.trainings.start("recipe.toml", ["fail=1"], "a")
        await watched(pilot, "a")
        await until(pilot, lambda: "✕ failed" in text_of(app))
        await shows(app, "has ended with code 4")
        await shows(app, "error: the data are gone")


async def test_a_training_that_is_killed_says_so(
    app: SeqnlpApp, text_of: Any, shows: Any, until: Any, watched: Any
) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        training = app.trainings.start("recipe.toml", ["steps=100000"], "a")
        screen = await watched(pilot, "a")
        await until(pilot, lambda: screen.follower.status.latest)
        os.kill(training.record.pid, signal.SIGKILL)
        await until(pilot, lambda: "✕ failed" in text_of(app))
        await shows(app, "signal 9")
        await pilot.press("r")
        await until(pilot, lambda: "● training" in text_of(app))


async def test_a_finished_one_is_opened(app: SeqnlpApp, text_of: Any, until: Any, watched: Any) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        app.trainings.start("recipe.toml", ["steps=3"], "a")
        await watched(pilot, "a")
        await until(pilot, lambda: "✓ finished" in text_of(app))
        assert "r resume" not in text_of(app).splitlines()[-1]
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, RunScreen)


async def test_without_a_model_there_is_nothing_to_open(runs: Path, fake: Any, watched: Any, notes: Any) -> None:
    half_trained(runs, "pos_lstm", going_on=False)
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await watched(pilot, "pos_lstm")
        await pilot.press("o")
        assert any("no model yet" in note for note in notes(app))
        await pilot.press("escape")
        assert app.screen is not screen


async def test_home_leads_to_the_curves_of_any_run(app: SeqnlpApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await app.workers.wait_for_complete()
        await pilot.pause()
        await pilot.press("ctrl+g")
        await pilot.pause()
        assert isinstance(app.screen, WatchScreen)
        assert app.screen.run_name == "char_lstm"


@pytest.mark.slow
async def test_a_real_training(runs: Path, fake: Any, text_of: Any, until: Any, watched: Any) -> None:
    """Begun, stopped with a checkpoint, resumed, finished."""
    app = SeqnlpApp(runs, fake({}))
    settings = ["training.epochs=8", "training.threads=1", "encoder.size=32", "data.train='corpora/prose/dev.txt'"]
    async with app.run_test(size=(100, 30)) as pilot:
        training = app.trainings.start(str(ROOT / "recipes/char_lstm.toml"), settings, "tiny")
        screen = await watched(pilot, "tiny")
        await until(pilot, lambda: screen.follower.status.evaluations, 120)
        await pilot.press("space")
        await until(pilot, lambda: training.condition is Condition.PAUSED)
        await pilot.press("space", "s")
        await until(pilot, lambda: not training.alive, 60)
        assert training.code in (0, 130)
        await until(pilot, lambda: "■ stopped" in text_of(app) or "✓ finished" in text_of(app))
        if training.code == 130:
            assert Path("runs/tiny/state/last.safetensors").exists()
            await pilot.press("r")
        await until(pilot, lambda: "✓ finished" in text_of(app), 120)
        assert len(screen.follower.status.evaluations) == 8
        await pilot.press("ctrl+q")
    assert app.return_code == 0


async def test_the_examples_of_dev(
    runs: Path,
    fake: Any,
    text_of: Any,
    shows: Any,
    hides: Any,
    monkeypatch: pytest.MonkeyPatch,
    until: Any,
    watched: Any,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    half_trained(runs, "pos_lstm", going_on=False)
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test(size=(80, 24)) as pilot:
        await watched(pilot, "pos_lstm")
        await shows(app, "gardener")
        assert "Rest" not in text_of(app), "there is room for one"
        await pilot.press("e")
        await hides(app, "gardener")
        assert [line.split() for line in text_of(app).splitlines()[-5:-1]][-3:] == [
            ["given", "Rest", "here"],
            ["expected", "VERB", "ADV"],
            ["model", "NOUN", "ADV"],
        ]
        await pilot.press("e")
        await shows(app, "gardener")
        await pilot.resize_terminal(80, 40)
        await until(pilot, lambda: "Rest" in text_of(app))


async def test_a_log_without_examples(runs: Path, fake: Any, shows: Any, hides: Any, watched: Any) -> None:
    half_trained(runs, "pos_lstm", going_on=False)
    log = runs / "pos_lstm/events.jsonl"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    log.write_text("".join(json.dumps({k: v for k, v in line.items() if k != "examples"}) + "\n" for line in lines))
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test(size=(80, 24)) as pilot:
        await watched(pilot, "pos_lstm")
        await shows(app, "m score")
        await hides(app, "e example")
        await pilot.press("e")
        await hides(app, "given")
        await shows(app, "0.9227")


async def test_what_is_drawn_while_the_log_is_read_is_drawn_again(
    app: SeqnlpApp, runs: Path, shows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    half_trained(runs, "pos_gru_2", going_on=False)
    async with app.run_test():
        screen = WatchScreen(app.trainings, "pos_gru_2", app.service)

        def curves_while_it_is_drawn(events: Any) -> Any:
            app.call_from_thread(screen._draw)
            return curves(events)

        monkeypatch.setattr("seqnlp.status.curves", curves_while_it_is_drawn)
        app.push_screen(screen)
        await shows(app, "dev accuracy  0.")
