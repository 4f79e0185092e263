"""Progress on standard error: bars of long work, and the display of a training."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from seqnlp.events import Done, Evaluated, Event, Initialized, Started, Stepped
from seqnlp.notes import progress_to
from seqnlp.status import Evaluation, TrainingStatus
from seqnlp.units import counted, duration, file_size, score

if TYPE_CHECKING:
    from rich.console import Console, Group

HEARTBEAT = 60
"""Seconds after which a log gets a line even without an evaluation."""

ROW = "{:>7}  {:>9}  {:>18}  {:>16}  {:>12}"


@contextmanager
def show_training(console: Console | None = None, quiet: bool = False) -> Iterator[TrainingView]:
    """Display of a training: live on a terminal, plain lines elsewhere, none if `quiet`.

    Use it as `with show_training() as view: view.event(event)`. The console is standard error by default.
    """
    console = stderr_console(quiet) if quiet else console or stderr_console()
    if quiet or not console.is_interactive:
        yield Lines(console)
        return
    view = LiveView(console)
    try:
        yield view
    finally:  # the bar is removed, and the terminal restored; the table stays
        view.live.stop()


@contextmanager
def track(
    description: str, total: float | None = None, console: Console | None = None, quiet: bool = False
) -> Iterator[Callable[[float], None]]:
    """Show a progress bar, on terminals only; gives a function to call with the amount just done.

    Args:
        description: The label of the bar.
        total: The amount of work, in any unit; None if unknown.
        console: By default standard error.
        quiet: Show nothing.
    """
    console = console or stderr_console()
    if quiet or not console.is_interactive:
        yield lambda amount: None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as progress:
        task = progress.add_task(description, total=total)
        yield lambda amount: progress.advance(task, amount)


@contextmanager
def preparing(console: Console, activity: str, quiet: bool = False) -> Iterator[None]:
    """Show an activity and its progress, on terminals only.

    Args:
        console: Standard error.
        activity: In words, until something tells its progress.
        quiet: Show nothing.
    """
    if quiet:
        yield
        return
    with console.status(activity) as status:

        def watch(name: str, share: float) -> None:
            status.update(f"{name}: {share:.0%}" if share < 1 else activity)

        with progress_to(watch):
            yield


def stderr_console(quiet: bool = False) -> Console:
    """Console on standard error; one that prints nothing if `quiet`."""
    from seqnlp.cli.console import SafeConsole

    return SafeConsole(stderr=True, quiet=quiet)


class TrainingView(ABC):
    """Display of the events of a training."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.status = TrainingStatus()

    @abstractmethod
    def event(self, event: Event) -> None:
        """Process the next event and update the display."""


class Lines(TrainingView):
    """Display of one line an evaluation, for logs."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self.spoken = 0.0

    def event(self, event: Event) -> None:
        """Process the next event; print a line for an evaluation, or after a minute."""
        self.status.add(event)
        match event:
            case Started():
                self._say(started_line(event))
            case Initialized():
                self._say("\n".join(initialized_lines(event)))
            case Evaluated():
                self._say(evaluation_line(self.status))
            case Stepped() if event.seconds - self.spoken >= HEARTBEAT:
                self._say(step_line(self.status))
            case Done():
                self._say(done_line(self.status))

    def _say(self, line: str) -> None:
        self.spoken = self.status.seconds
        self.console.out(line, highlight=False)


class LiveView(TrainingView):
    """Progress bar and current numbers at the foot of a terminal; a table of evaluations above it."""

    def __init__(self, console: Console) -> None:
        from rich.live import Live

        super().__init__(console)
        # stdout is for data, which must not be drawn into the picture
        self.live = Live(
            get_renderable=self.footer, console=console, transient=True, redirect_stdout=False, refresh_per_second=8
        )

    def event(self, event: Event) -> None:
        """Process the next event; the bar refreshes by itself."""
        self.status.add(event)
        match event:
            case Started():
                self._print(started_line(event))
                self.live.start(refresh=True)
            case Initialized():
                for line in initialized_lines(event):
                    self._print(line)
            case Evaluated():
                self.live.refresh()  # printing above redraws the display of the last refresh
                if len(self.status.evaluations) == 1:
                    self._print(table_head(self.status), "bold")
                row = self.status.evaluations[-1]
                self._print(table_row(row), "green" if row.best else "")
            case Done():
                self.live.stop()
                self._print(done_line(self.status))

    def _print(self, line: str, style: str = "") -> None:
        from rich.text import Text

        self.console.print(Text(line, style), soft_wrap=True)

    def footer(self) -> Group:
        """Bar and numbers, two lines."""
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        status = self.status
        bar = Table.grid(padding=(0, 2), expand=True)
        bar.add_column(ratio=1)
        share, epoch, time = f"{status.share:.0%}", running_epoch(status), time_text(status)
        bar.add_row(ProgressBar(total=1, completed=status.share), share, epoch, time)
        numbers = [loss_text(status.loss), best_text(status), speed_text(status)]
        return Group(bar, Text(" · ".join(filter(None, numbers)), no_wrap=True, overflow="ellipsis"))


def started_line(started: Started) -> str:
    """Line for the start of a training, or its resumption."""
    numbers = {"parameters": started.parameters, "epochs": started.epochs, "steps": started.steps}
    size = ", ".join(counted(number, noun) for noun, number in numbers.items())
    line = f"resuming after step {started.step:,}: {size}" if started.step else f"training: {size}"
    expected = [] if started.expected_seconds is None else [duration(started.expected_seconds)]
    if started.expected_memory is not None:
        expected.append(f"at least {file_size(started.expected_memory)} of memory")
    return f"{line}; expected by a few timed steps: {' and '.join(expected)}" if expected else line


def initialized_lines(event: Initialized) -> list[str]:
    """Lines about the weights that come from another run: a table of the parts."""
    scores = ", ".join(f"{name} {score(value)}" for name, value in event.scores.items())
    return [f"weights of {event.run}{f' ({scores})' if scores else ''}:", *part_lines(event.parts)]


def part_lines(parts: Mapping[str, str]) -> list[str]:
    """Table of the parts of a model, with the account of each."""
    width = max(map(len, parts), default=0)
    return [f"  {part:{width}}  {account}" for part, account in parts.items()]


def evaluation_line(status: TrainingStatus) -> str:
    """Line for the latest evaluation."""
    latest = status.evaluations[-1]
    parts = [
        f"epoch {epoch_text(latest.epoch):>2}/{epochs_text(status)}",
        loss_text(latest.loss),
        f"dev {latest.metric} {score(latest.score)}{' (best)' if latest.best else ''}" if latest.metric else "",
        speed_text(status),
        time_text(status),
    ]
    return "  ".join(filter(None, parts))


def step_line(status: TrainingStatus) -> str:
    """Line for the progress between two evaluations."""
    return "  ".join(
        filter(None, [running_epoch(status), loss_text(status.loss), speed_text(status), time_text(status)])
    )


def done_line(status: TrainingStatus) -> str:
    """Line for the end of a training."""
    reason = status.done.reason if status.done else "stopped"
    best = best_text(status)
    return f"{reason} after {duration(status.seconds)}" + (f"; {best}" if best else "")


def best_text(status: TrainingStatus) -> str:
    """Best score so far and its epoch; empty before the first evaluation."""
    if status.best and status.best.metric:
        best = status.best
        return f"best dev {best.metric} {score(best.score)} (epoch {epoch_text(best.epoch)})"
    if status.done and status.done.best:
        metric, value = next(iter(status.done.best.items()))
        return f"best dev {metric} {score(value)}"
    return ""


def running_epoch(status: TrainingStatus) -> str:
    """Current epoch, counted from 1."""
    epoch = status.latest.epoch if status.latest else 0.0
    return f"epoch {max(math.ceil(round(epoch, 6)), 1)}/{epochs_text(status)}"


def epoch_text(epoch: float) -> str:
    """Epoch as a whole number; two decimals in the middle of one."""
    return f"{round(epoch, 2):g}"


def epochs_text(status: TrainingStatus) -> str:
    """Number of epochs."""
    return f"{status.started.epochs:g}" if status.started else "?"


def loss_text(loss: float | None) -> str:
    """Loss; empty if unknown."""
    return "" if loss is None else f"loss {loss:.3f}"


def speed_text(status: TrainingStatus) -> str:
    """Speed in the task's items a second; empty if unknown."""
    if not status.started or not status.items_per_second:
        return ""
    return f"{status.items_per_second:,.0f} {status.started.items_name}/s"


def time_text(status: TrainingStatus) -> str:
    """Elapsed and remaining time."""
    left = status.seconds_left
    return duration(status.seconds) + (f", {duration(left)} left" if left else "")


def table_head(status: TrainingStatus) -> str:
    """Header of `table_row`."""
    items = status.started.items_name if status.started else "items"
    metric = status.evaluations[-1].metric
    return ROW.format("epoch", "loss", f"dev {metric}" if metric else "", f"{items}/s", "time").rstrip()


def table_row(evaluation: Evaluation) -> str:
    """Row for an evaluation in the table of a live display."""
    row = ROW.format(
        epoch_text(evaluation.epoch),
        "-" if evaluation.loss is None else f"{evaluation.loss:.3f}",
        score(evaluation.score) if evaluation.metric else "",
        f"{evaluation.items_per_second:,.0f}",
        duration(evaluation.seconds),
    )
    return f"{row}  best" if evaluation.best else row
