"""Watch screen: the curves of a training; pause it, stop it, resume it."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Callable
from typing import ClassVar, final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from seqnlp.errors import SeqnlpError
from seqnlp.run import Run
from seqnlp.run.directory import META, RECIPE
from seqnlp.run.summary import Curves
from seqnlp.service.client import ModelService
from seqnlp.status import LogFollower
from seqnlp.tui.configuration.key_names import named
from seqnlp.tui.configuration.remembered import remembered_of
from seqnlp.tui.screens.base import BaseScreen
from seqnlp.tui.training_lines import SIGNS, evaluations, examples, latest_scores, numbers, progress
from seqnlp.tui.trainings import Condition, Training, Trainings
from seqnlp.tui.widgets.chart_view import ChartView

PERIOD = 0.5
"""Seconds between two looks at the log; the training writes no more often."""


@final
class WatchScreen(BaseScreen):
    """Progress of a training, its curves, and its scores on dev."""

    HELP = (
        "A training, as it goes on. It runs in a process of its own: leaving this screen does not disturb it. Space "
        "lets it stand still and go on; that time does not count. s stops it with a checkpoint, from which r goes on "
        "later, as if it had never been stopped. m draws another score, e shows another example of dev. When there is "
        "a model, enter opens it."
    )

    BINDINGS: ClassVar[list[BindingType]] = named(
        "watch",
        Binding("space", "pause_or_go('pause')", "pause"),
        Binding("space", "pause_or_go('go on')", "go on"),
        Binding("s", "stop", "stop"),
        Binding("r", "resume", "resume"),
        Binding("m", "metric", "score"),
        Binding("e", "example", "example"),
        Binding("enter,o", "open", "open", key_display="⏎"),
        Binding("up", "scroll(-1)", "scores above", show=False),
        Binding("down", "scroll(1)", "scores below", show=False),
        Binding("escape", "leave", "back"),
    )

    DEFAULT_CSS = """
    WatchScreen {
        #top { height: auto; padding: 1 2; }
        #charts { height: 3fr; min-height: 8; padding: 0 2; }
        #loss { margin-right: 2; }
        #history { width: 1fr; }
        #heading { height: auto; }
        #rows { height: 1fr; scrollbar-size-vertical: 1; }
        #rows > Static { height: auto; min-height: 100%; }
        #tables { height: 2fr; min-height: 4; margin: 1 2 0 2; }
        #latest { display: none; width: 1fr; }
        #examples { height: auto; padding: 1 2 0 2; }
        &.-wide { #charts { height: 5fr; } #loss, #history { margin-right: 4; } #latest { display: block; } }
        &.-narrow {
            #top { padding: 1 1 0 1; }
            #charts { layout: vertical; padding: 0 1; }
            #loss { margin-right: 0; }
            #tables { margin: 0 1; height: 1fr; }
            #examples { padding: 0 1; }
        }
    }
    """

    def __init__(self, trainings: Trainings, name: str, service: ModelService) -> None:
        super().__init__(name, service)
        self.trainings, self.run_name = trainings, name
        self.run = Run(trainings.root / name)
        self.follower = LogFollower(self.run.path)
        self.metric = ""
        """Name of the score that is drawn; empty for the one that decides."""
        self.example = 0
        """Index of the first example."""
        self._drawn: object = None
        self._stage = (Condition.ENDED, False, False, False)
        """State of the process; flags for a finished training, several scores, examples: each has keys."""

    def body(self) -> ComposeResult:
        yield Static("", id="top", markup=False)
        with Horizontal(id="charts"):
            yield ChartView("loss")
            yield ChartView("score")
        with Horizontal(id="tables"):
            with Vertical(id="history"):
                yield Static("", id="heading", markup=False)
                with VerticalScroll(id="rows", can_focus=False):
                    yield Static("", markup=False)
            yield Static("", id="latest", markup=False)
        yield Static("", id="examples", markup=False)

    def on_mount(self) -> None:
        self.query_one("#rows").anchor()  # the last rows are in view, also when there are new ones
        self.set_interval(PERIOD, self.look)
        self.call_after_refresh(self.look)

    def on_screen_resume(self) -> None:
        """Remember this screen as the last one."""
        remembered_of(self.app).keep_screen("watch", str(self.run.path))

    def on_resize(self) -> None:
        self._drawn = None
        self.call_after_refresh(self._draw)

    @property
    def training(self) -> Training | None:
        """The training process, or the last one."""
        return self.trainings.at(self.run_name)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        condition, finished, scores, has_examples = self._stage
        going_on = condition is not Condition.ENDED
        sensible = {
            "pause_or_go": going_on and parameters == ("go on" if condition is Condition.PAUSED else "pause",),
            "stop": going_on,
            "resume": not (going_on or finished),
            "metric": scores,
            "example": has_examples,
        }
        return sensible.get(action, True)

    async def look(self) -> None:
        """Read the log, and draw if there is news."""
        if await asyncio.to_thread(self.follower.read):
            self._drawn = None  # what was drawn in the meantime was half read
        if self.is_open:
            self._draw()

    def action_pause_or_go(self, label: str) -> None:
        """Pause the training, or unpause it: its state counts, and not the label of the key."""
        training = self.training
        condition = Condition.ENDED if training is None else training.condition
        if training is not None and condition is Condition.PAUSED:
            training.unpause()
        elif training is not None and condition is Condition.RUNNING:
            training.pause()
        else:
            self.notify("It ends just now.", timeout=2)
        self._draw()

    def action_stop(self) -> None:
        """Stop the training with a checkpoint."""
        training = self.training
        if training is None or not training.alive:
            self.notify("No training goes on here.", timeout=2)
        elif training.condition is Condition.STOPPING:
            self.notify("It saves a checkpoint, and ends as soon as that is safe.", timeout=3)
        else:
            training.stop()
        self._draw()

    def action_resume(self) -> None:
        """Resume from the last checkpoint; a training that failed before its first one begins again."""
        training = self.training
        if training is not None and training.alive:
            self.notify("It goes on already.", timeout=2)
        else:
            try:
                self._start_again(training)
            except SeqnlpError as error:
                self.notify(str(error), title="Not begun", severity="error", markup=False)
        self._draw()

    def _start_again(self, training: Training | None) -> None:
        known = training.record if training is not None and training.record.recipe else None
        how = "resume" if Run.is_run(self.run.path) else ""
        if known is not None:
            self.trainings.start(known.recipe, known.settings, self.run_name, how)
        else:  # begun on a command line: the run's own recipe has its settings in it
            self.trainings.start(str(self.run.path / RECIPE), [], self.run_name, how)

    def action_metric(self) -> None:
        """Draw the next score on dev."""
        names = list(self.follower.curves.dev)
        if names:
            now = self.metric or self.follower.curves.metric
            self.metric = names[(names.index(now) + 1) % len(names)] if now in names else names[0]
            self._draw()

    def action_example(self) -> None:
        """Show the next example of dev."""
        if self.follower.status.examples:
            self.example = (self.example + 1) % len(self.follower.status.examples)
            self._draw()

    def action_open(self) -> None:
        """Open the best model so far."""
        if not (self.run.model_bytes and (self.run.path / META).exists()):
            self.notify("There is no model yet: the first one is kept after the first evaluation.", timeout=3)
            return
        from seqnlp.run.summary import summarize
        from seqnlp.tui.screens.run import RunScreen

        self.app.push_screen(RunScreen(summarize(self.run), self.service))

    def action_scroll(self, by: int) -> None:
        """Scroll the table of evaluations."""
        rows = self.query_one("#rows")
        rows.scroll_to(y=rows.scroll_y + by, animate=False, immediate=True)  # at the end it follows again

    def action_leave(self) -> None:
        """Leave; the training goes on."""
        self.app.pop_screen()

    def content_to_copy(self) -> str:
        return evaluations(self.follower.status, 80).plain

    def export_formats(self) -> dict[str, Callable[[], str]]:
        return {".csv": lambda: curves_csv(self.follower.curves), **super().export_formats()}

    # drawing

    def _draw(self) -> None:
        training, status = self.training, self.follower.status
        condition = training.condition if training is not None else Condition.ENDED
        shown = len(self.follower.curves.dev) > 1, bool(self.follower.status.examples)
        if (stage := (condition, status.done is not None, *shown)) != self._stage:
            self._stage = stage
            self.refresh_bindings()
        seen = (condition, status.latest, len(status.evaluations), self.metric, self.example, self.size)
        if seen == self._drawn or not self.is_open:
            return
        self._drawn = seen
        width = self.size.width - (2 if self.size.width < 60 else 4)
        failed = self._failure(training, condition)
        state = SIGNS["failed"] if failed else self._state(condition)
        top = [progress(status, state, width), numbers(status, width)]
        self.query_one("#top", Static).update(Content("\n").join(top))
        self.query_one("#charts").display = not failed or status.latest is not None  # else the message gets their room
        self._draw_curves()
        room = (self.size.width - 12) // 2 if self.has_class("-wide") else width - 1
        self._draw_examples(width)
        heading, *rows = failed or evaluations(status, room).split("\n")
        self.query_one("#latest", Static).update(latest_scores(status, room))
        self.query_one("#heading", Static).update(heading)
        self.query_one("#rows > Static", Static).update(Content("\n").join(rows))

    def _state(self, condition: Condition) -> tuple[str, str, str]:
        if condition is Condition.ENDED:
            return SIGNS["finished" if self.follower.status.done is not None else "stopped"]
        return SIGNS[
            "loading" if not self.follower.status.latest and condition is Condition.RUNNING else condition.value
        ]

    def _draw_curves(self) -> None:
        curves, status = self.follower.curves, self.follower.status
        name = self.metric if self.metric in curves.dev else curves.metric
        loss = "" if status.loss is None else f"{status.loss:.3f}"
        self.query_one("#loss", ChartView).show("training loss", loss, {"loss": curves.loss})
        values = curves.dev.get(name, [])
        last = values[-1][1] if values else None
        self.query_one("#score", ChartView).show(
            f"dev {name}" if name else "dev", "" if last is None else f"{last:.4f}", {name: values}
        )

    def _draw_examples(self, width: int) -> None:
        """Draw the examples that leave room for curves and table."""
        room = (self.size.height - 18) // 4 if self.size.width >= 60 else (self.size.height - 25) // 4
        panel = self.query_one("#examples", Static)
        panel.display = room > 0 and bool(self.follower.status.examples)
        panel.update(examples(self.follower.status.examples, self.example, room, width))

    def _failure(self, training: Training | None, condition: Condition) -> list[Content]:
        """Last output of a failed training; nothing if it has not failed."""
        if training is None or condition is not Condition.ENDED or self.follower.status.done is not None:
            return []
        reason = training.failure()
        if not reason:
            return []
        words = training.last_words()
        code = "" if training.code is None else f" with code {training.code}"
        if training.code is not None and training.code < 0:
            code = f": it was ended by signal {-training.code}"
        heading = Content.assemble(("✕ ", "bold $error"), (f"The training has ended{code}.", "bold"))
        return [heading, *(Content(line) for line in words or [reason])]


def curves_csv(curves: Curves) -> str:
    """Curves as CSV: a line for each point of the loss, and for each evaluation on dev."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["epoch", "training loss", *curves.dev])
    rows: dict[float, dict[str, float | None]] = {}
    for name, points in {"": curves.loss, **curves.dev}.items():
        for epoch, value in points:
            rows.setdefault(epoch, {})[name] = value
    for epoch in sorted(rows):
        values = (rows[epoch].get(name) for name in ("", *curves.dev))
        writer.writerow([epoch, *("" if value is None else value for value in values)])
    return out.getvalue()
