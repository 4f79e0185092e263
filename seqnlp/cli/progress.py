"""What is shown on stderr while something long is going on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self

from seqnlp.cli import training_text as text
from seqnlp.events import Done, Evaluated, Event, Started, Stepped
from seqnlp.status import TrainingStatus

if TYPE_CHECKING:
    from rich.console import Console, Group

HEARTBEAT = 60
"""Seconds of training after which a log gets a line even if there was no evaluation."""


def show_training(console: Console | None = None, quiet: bool = False) -> TrainingView:
    """How to show a training: live on a terminal, as plain lines elsewhere, or not at all.

    Use it as `with show_training() as view: view.event(event)`.

    Args:
        console: where to; by default stderr.
        quiet: show nothing.
    """
    if quiet:
        return Silent()
    console = console or stderr_console()
    return LiveView(console) if console.is_interactive else Lines(console)


@contextmanager
def track(
    description: str, total: float | None = None, console: Console | None = None, quiet: bool = False
) -> Iterator[Callable[[float], None]]:
    """Show how far some work is, on terminals only; gives a function to call with the amount just done.

    Args:
        description: what is being done.
        total: the amount of work, in any unit; None if it is not known.
        console: where to; by default stderr.
        quiet: show nothing.
    """
    console = console or stderr_console()
    if quiet or not console.is_interactive:
        yield lambda amount: None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as progress:
        task = progress.add_task(description, total=total)
        yield lambda amount: progress.advance(task, amount)


def stderr_console() -> Console:
    """Stderr as rich sees it."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


class TrainingView(ABC):
    """Draws the events of a training; a context manager, so that the terminal is left as it was."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def event(self, event: Event) -> None:
        """Take in the next event and show what is new."""

    @abstractmethod
    def close(self) -> None:
        """Stop showing."""


class Silent(TrainingView):
    """Shows nothing."""

    def event(self, event: Event) -> None:
        """Pass over the event."""

    def close(self) -> None:
        """There is nothing to stop."""


class Lines(TrainingView):
    """One line an evaluation, for logs."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.status = TrainingStatus()
        self.spoken = 0.0

    def event(self, event: Event) -> None:
        """Take in the next event, and write a line if it is worth one."""
        self.status.add(event)
        match event:
            case Started():
                self._say(text.started_line(event))
            case Evaluated():
                self._say(text.evaluation_line(self.status))
            case Stepped() if event.seconds - self.spoken >= HEARTBEAT:
                self._say(text.step_line(self.status))
            case Done():
                self._say(text.done_line(self.status))

    def close(self) -> None:
        """There is nothing to stop."""

    def _say(self, line: str) -> None:
        self.spoken = self.status.seconds
        self.console.out(line, highlight=False)


class LiveView(TrainingView):
    """A bar and the latest numbers at the foot of a terminal, and above it a growing table of evaluations."""

    def __init__(self, console: Console) -> None:
        from rich.live import Live

        self.console = console
        self.status = TrainingStatus()
        # stdout is for data, which must not be drawn into the picture
        self.live = Live(
            get_renderable=self.picture,
            console=console,
            transient=True,
            redirect_stdout=False,
            refresh_per_second=8,
        )

    def event(self, event: Event) -> None:
        """Take in the next event; the picture follows by itself."""
        self.status.add(event)
        match event:
            case Started():
                self._print(text.started_line(event))
                self.live.start(refresh=True)
            case Evaluated():
                self.live.refresh()  # what is printed above redraws the picture as of its last refresh
                if len(self.status.evaluations) == 1:
                    self._print(text.table_head(self.status), "bold")
                row = self.status.evaluations[-1]
                self._print(text.table_row(row), "green" if row.best else "")
            case Done():
                self.live.stop()
                self._print(text.done_line(self.status))

    def close(self) -> None:
        """Take the picture away; the table stays."""
        self.live.stop()

    def _print(self, line: str, style: str = "") -> None:
        from rich.text import Text

        self.console.print(Text(line, style), soft_wrap=True)

    def picture(self) -> Group:
        """The two lines at the foot."""
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        status = self.status
        bar = Table.grid(padding=(0, 2), expand=True)
        bar.add_column(ratio=1)
        share, epoch, time = f"{status.share:.0%}", text.running_epoch(status), text.time_text(status)
        bar.add_row(ProgressBar(total=1, completed=status.share), share, epoch, time)
        numbers = [text.loss_text(status.loss), text.best_text(status), text.speed_text(status)]
        return Group(bar, Text(" · ".join(filter(None, numbers)), no_wrap=True, overflow="ellipsis"))
