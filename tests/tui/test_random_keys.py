"""Random keys on all screens, at four sizes: no crash, and no run is lost, whatever is deleted or renamed.

`SEQNLP_KEYS=10000 pytest -m slow tests/tui/test_random_keys.py` presses more of them, `SEQNLP_SEED=7` others.
"""

import asyncio
import os
import random
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from seqnlp.service.client import ServiceError
from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.configuration.remembered import Remembered
from seqnlp.tui.trainings import Trainings
from tests.tui.test_sizes import ANSWERS, PART

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

PLAYED = Path(__file__).parent / "played_training.py"
KEYS, SEED = int(os.environ.get("SEQNLP_KEYS", "400")), int(os.environ.get("SEQNLP_SEED", "1"))
FREEZE = 1.0
"""Seconds of the processor for a key, at most; other processes do not count."""

SIZES = [(40, 12), (80, 24), (120, 35), (200, 60)]

PRESSED = [
    *("up", "down", "left", "right", "home", "end", "pageup", "pagedown", "tab", "shift+tab", "space"),
    *("enter", "enter", "enter", "escape", "escape", "delete", "backspace", "shift+left", "shift+right"),
    *(f"f{number}" for number in range(1, 13) if number != 8),  # an export each time would be a lot of files
    *(f"ctrl+{letter}" for letter in "acefgjklnoprstuvyz"),
    *"abcdefghijklmnopqrstuvwxyz0123456789.,+-<>?/",
]


def service(fake: Any) -> Any:
    sentence = {**ANSWERS["tag"], "alternatives": {"upos": [[["O", 0.7], ["X", 0.2]]] * len(ANSWERS["tag"]["tokens"])}}
    replies = {
        "load": lambda _: [{}],
        "check": lambda _: [{"faults": []}],
        "correct": lambda _: [{"file": "corrections/x.conllu", "count": 1, "replaced": False}],
        "learn": lambda _: [{"name": "mine"}],
        "generate": lambda _: [PART] * 5,
        "next": lambda _: [[["e", -0.5], ["a", -1.0]]],
        **{task: partial(always, answer) for task, answer in ANSWERS.items() if task != "juggle"},
        "tag": lambda _: [sentence],
    }
    found = fake(replies)
    found.replies = Refusing(found.replies)
    return found


def always(answer: Any, settings: Any) -> list[Any]:
    """The same answer to all questions."""
    return [answer]


class Refusing(dict[str, Any]):
    """Refuses all other questions, as a run does that can't answer them."""

    def __missing__(self, do: str) -> Any:
        return lambda settings: [ServiceError("UsageError", f"can't {do}")]


def make_runs(new_run: Any) -> None:
    """Runs of every task."""
    for number, task in enumerate(["translate", "forecast", "transcribe", "segment", "tag", "lm"]):
        run = new_run(f"{task}_{number}", task, "accuracy", 0.5, f"2025-11-{10 + number}T00:00:00+00:00", 1000)
        (run / "recipe.toml").write_text(f'task = "{task}"\n[data]\ntest = "x.csv"\nlabels = ["upos"]\n')


def count_of_runs(runs: Path) -> int:
    """Number of all runs, of those in the trash, too. A training that was begun anew keeps its run."""
    return len(list(runs.rglob("meta.json")))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_random_keys_break_nothing(
    size: tuple[int, int], runs: Path, fake: Any, new_run: Any, tmp_path: Path
) -> None:
    make_runs(new_run)
    made = count_of_runs(runs)
    Path("recipes").mkdir()
    Path("recipes/mine.toml").write_text('# Mine.\ntask = "tag"\n')
    draw, slowest, left = random.Random(f"{SEED} {size}"), (0.0, ""), KEYS
    pressed: list[str] = []
    while left > 0:
        app = SeqnlpApp(runs, service(fake), remembered=Remembered.read(runs, tmp_path / "tui.json"))
        app.trainings = Trainings(runs, (sys.executable, str(PLAYED)))
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            while left > 0 and app.is_running and app.return_code is None:
                key = draw.choice(PRESSED)
                if draw.random() < 0.02:  # a run is seldom opened by chance
                    key = "ctrl+g" if draw.random() < 0.2 else "enter"
                pressed = [*pressed[-30:], f"{type(app.screen).__name__}:{key}"]
                left -= 1
                begun = time.process_time()
                app.simulate_key(key)
                await asyncio.sleep(0)
                if draw.random() < 0.3:
                    await pilot.pause()
                slowest = max(slowest, (time.process_time() - begun, pressed[-1]))
            await pilot.pause()
        assert not app.crash.getvalue(), (pressed, app.crash.getvalue()[-3000:])
    for training in Trainings(runs).alive():
        training.stop()
    assert made <= count_of_runs(runs), pressed
    assert slowest[0] < FREEZE, slowest
    print(f"{size}: {KEYS} keys, the slowest {slowest[0]:.2f} s ({slowest[1]})")
