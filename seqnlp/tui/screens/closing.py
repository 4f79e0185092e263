"""Leaving while something is being trained: what to do with it is asked, and no run is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from textual.app import App

from seqnlp.tui.screens.asking import AskScreen
from seqnlp.tui.trainings import Condition, Training


def question(trainings: Sequence[Training]) -> AskScreen:
    """What shall become of these trainings."""
    names = ", ".join(training.path.name for training in trainings)
    paused = any(training.condition is Condition.PAUSED for training in trainings)
    one = len(trainings) == 1
    return AskScreen(
        "A training goes on" if one else "Trainings go on",
        f"{names} {'is' if one else 'are'} being trained.",
        [
            ("s", "stop and quit", "a checkpoint is saved first; resume goes on from it"),
            (
                "l",
                "leave running and quit",
                ("what is paused goes on; " if paused else "") + "seqnlp tui finds it again",
            ),
        ],
    )


async def stop_all(app: App[Any], trainings: Sequence[Training]) -> None:
    """Ask all to stop, wait until their checkpoints are safe, and leave."""
    app.notify("Saving a checkpoint, then leaving.", timeout=60)
    for training in trainings:
        training.stop()
    while any(training.alive for training in trainings):
        await asyncio.sleep(0.05)
    app.exit()
