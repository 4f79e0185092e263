"""Confirmation: a question in the middle of the screen, answered by one key; and the one before quitting."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, final

from textual import events
from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from seqnlp.tui.trainings import Condition, Training
from seqnlp.tui.widgets.dialog import Dialog


@final
class ConfirmScreen(Dialog[str]):
    """A modal question; its result is the key of a choice, or nothing after escape."""

    DEFAULT_CSS = """
    ConfirmScreen > Vertical { width: 66; height: auto; padding: 1 3; }
    ConfirmScreen Static { width: 100%; height: auto; }
    ConfirmScreen .choice { padding: 0 1; margin-top: 1; }
    ConfirmScreen .choice:hover { background: $panel; }
    """

    def __init__(self, heading: str, text: str, choices: Sequence[tuple[str, str, str]]) -> None:
        """Set up.

        Args:
            heading: Stands in the frame.
            text: The question.
            choices: Key, label and consequence of each.
        """
        super().__init__()
        self._heading, self._text, self._choices = heading, text, choices

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title, box.border_subtitle = self._heading, "esc leaves all as it is"
            yield Static(Content(self._text))
            for key, label, then in self._choices:
                line = Content.assemble((key, "bold $accent"), "  ", (label, "bold"), (f"\n   {then}", "$muted"))
                yield Static(line, classes="choice", name=key)

    def on_key(self, event: events.Key) -> None:
        if event.key in {key for key, *_ in self._choices}:
            event.stop()
            self.dismiss(event.key)

    def on_click(self, event: events.Click) -> None:
        if event.widget is not None and event.widget.name in {key for key, *_ in self._choices}:
            self.dismiss(event.widget.name)

    def action_leave(self) -> None:
        """Choose nothing."""
        self.dismiss("")


def quit_question(trainings: Sequence[Training]) -> ConfirmScreen:
    """Question before quitting, while these trainings go on."""
    names = ", ".join(training.path.name for training in trainings)
    paused = any(training.condition is Condition.PAUSED for training in trainings)
    one = len(trainings) == 1
    return ConfirmScreen(
        "A training goes on" if one else "Trainings go on",
        f"{names} {'is' if one else 'are'} being trained.",
        [
            ("s", "stop and quit", "a checkpoint is saved first; resume goes on from it"),
            ("l", "leave running and quit", f"{'what is paused goes on; ' * paused}seqnlp tui finds it again"),
        ],
    )


async def stop_and_quit(app: App[Any], trainings: Sequence[Training]) -> None:
    """Stop all trainings, wait until their checkpoints are safe, and quit."""
    app.notify("Saving a checkpoint, then leaving.", timeout=60)
    for training in trainings:
        training.stop()
    while any(training.alive for training in trainings):
        await asyncio.sleep(0.05)
    app.exit()
