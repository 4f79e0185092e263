"""Watch: going on with a training that the application has not begun, by the recipe that the run keeps."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from seqnlp import train
from seqnlp.events import Evaluated
from seqnlp.run.lock import RunLock
from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.trainings import Condition, Trainings

pytestmark = pytest.mark.anyio
PLAYED = Path(__file__).parent / "played_training.py"
ROOT = Path(__file__).parents[2]
PATIENCE = 120
"""Seconds."""


@pytest.fixture
async def app(runs: Path, fake: Any) -> AsyncIterator[SeqnlpApp]:
    """Leaves no training behind."""
    found = SeqnlpApp(runs, fake({"load": lambda settings: [{"task": "lm"}]}))
    yield found
    for training in found.trainings.alive():
        if training.record.pid != os.getpid():
            os.kill(training.record.pid, signal.SIGKILL)


def begin(words: Sequence[object], run: Path, kind: str) -> "subprocess.Popen[bytes]":
    """Train as on a command line, until an event of some kind is logged."""
    process = subprocess.Popen(list(map(str, words)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    log, end = run / "events.jsonl", time.monotonic() + PATIENCE
    while not log.exists() or f'"event": "{kind}"' not in log.read_text():
        assert process.poll() is None, "it has ended by itself"
        assert time.monotonic() < end, f"nothing was {kind}"
        time.sleep(0.01)
    return process


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)], ids=["stopped", "killed"])
async def test_it_goes_on_by_the_recipe_that_the_run_keeps(
    app: SeqnlpApp, runs: Path, text_of: Any, shows: Any, number: signal.Signals, code: int, until: Any, watched: Any
) -> None:
    play = [sys.executable, PLAYED]
    app.trainings = Trainings(runs, list(map(str, play)))
    process = begin([*play, "train", "mine.toml", "-s", "steps=100000", "--out", "runs/a"], runs / "a", "stepped")
    process.send_signal(number)
    assert process.wait(PATIENCE) == code
    async with app.run_test(size=(100, 30)) as pilot:
        await watched(pilot, "a")
        await shows(app, "■ stopped")
        await pilot.press("r")
        await until(pilot, lambda: "✓ finished" in text_of(app))
        training = app.trainings.at("a")
        assert training is not None
        assert training.record.recipe == str((runs / "a" / "recipe.toml").resolve())
        assert training.record.settings == []  # they are in that recipe
        assert training.code == 0
        events = [json.loads(line) for line in (runs / "a" / "events.jsonl").read_text().splitlines()]
        begun = [place for place, event in enumerate(events) if event["event"] == "started"]
        assert len(begun) == 2
        assert events[begun[1]]["step"] == events[begun[1] - 1]["step"]


async def test_what_goes_on_elsewhere_is_not_begun_again(
    app: SeqnlpApp, runs: Path, hides: Any, watched: Any, notes: Any
) -> None:
    with RunLock(runs / "char_lstm") as lock:
        lock.acquire()
        async with app.run_test(size=(100, 30)) as pilot:
            screen = await watched(pilot, "char_lstm")
            await hides(app, "resume")
            await pilot.press("r")
            screen.action_resume()
            await pilot.pause()
            assert any("goes on already" in note for note in notes(app))
            training = app.trainings.at("char_lstm")
            assert training is not None
            assert (training.record.pid, training.own) == (os.getpid(), False)


async def test_a_run_that_lost_its_recipe_says_what_is_wrong(
    app: SeqnlpApp, runs: Path, text_of: Any, shows: Any, until: Any, watched: Any
) -> None:
    app.trainings = Trainings(runs, [sys.executable, str(PLAYED)])
    (runs / "pos_gru" / "events.jsonl").unlink()
    (runs / "pos_gru" / "recipe.toml").unlink()
    (runs / "pos_gru" / "scores.json").unlink()
    async with app.run_test(size=(100, 30)) as pilot:
        await watched(pilot, "pos_gru")
        await pilot.press("r")
        await until(pilot, lambda: "✕ failed" in text_of(app))
        await shows(app, "there is no such recipe")


async def test_a_real_training_goes_on_from_any_folder(
    app: SeqnlpApp, runs: Path, tmp_path: Path, until: Any, watched: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Begun in a project with data of its own, resumed from a folder where these are not to be found."""
    project = tmp_path / "project"
    (project / "recipes").mkdir(parents=True)
    copytree(ROOT / "corpora/prose", project / "verse")
    recipe = (ROOT / "recipes/char_lstm.toml").read_text().replace("corpora/prose/train", "verse/dev")
    (project / "recipes/mine.toml").write_text(recipe.replace("corpora/prose/", "verse/"))
    run = runs.resolve() / "mine"
    settings = ["training.epochs=4", "training.threads=1", "encoder.size=16", "encoder.layers=1"]
    with monkeypatch.context() as patch:
        patch.chdir(project)
        events = train("recipes/mine.toml", settings, run)
        assert any(isinstance(event, Evaluated) for event in events)
        events.close()
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await watched(pilot, "mine")
        await pilot.press("r")
        training = app.trainings.at("mine")
        assert training is not None
        await until(pilot, lambda: training.condition is Condition.ENDED)
        assert training.code == 0, training.last_words()
        await until(pilot, lambda: screen.follower.status.done is not None)
        assert screen.follower.status.started.step > 0
        assert len(screen.follower.status.evaluations) == 4
