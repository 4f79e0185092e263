"""Trainings with several seeds or on several folds, and their scores."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqnlp.cli.progress import show_training
from seqnlp.cli.tables import print_table
from seqnlp.errors import Interrupted
from seqnlp.events import Done
from seqnlp.run.sets import RunSet, Unit
from seqnlp.terminal_text import print_path
from seqnlp.units import score

if TYPE_CHECKING:
    from rich.console import Console

    from seqnlp.repeats import RepeatEvent

Notify = Callable[[str], None]


def show_repeats(
    console: Console,
    path: Path,
    unit: Unit,
    train: Callable[[Path, Notify], Generator[RepeatEvent, None, None]],
    again: str,
    received: list[int],
    quiet: bool,
) -> None:
    """Show the trainings of a set, and its scores at the end.

    Args:
        console: Console of all that is told.
        path: Folder of the set.
        unit: Difference between its runs.
        train: Trains into the folder, with a function to call with each warning.
        again: Command that resumes the set.
        received: Signals that were received; one stops the training.
        quiet: Show no progress.
    """
    noted: set[str] = set()

    def notify(line: str) -> None:
        if line not in noted:  # the same data, run by run
            console.print(f"note: {line}", soft_wrap=True)
        noted.add(line)

    events = train(path, notify)
    with ExitStack() as shown:
        running, view = None, None
        for each in events:
            if each.event is None:
                _say(console, quiet, f"{unit} {each.number}  finished before")
                continue
            if each.number != running or view is None:
                shown.close()
                _say(console, quiet, f"{unit} {each.number}")
                running, view = each.number, shown.enter_context(show_training(console, quiet))
            view.event(each.event)
            if received and not isinstance(each.event, Done):
                events.close()
                stopped = f"stopped at step {each.event.step} of {unit} {each.number}"
                raise Interrupted(f"{stopped}; go on with: {again}", 128 + received[0])
    if not quiet:
        print_set(console, RunSet(path, unit))
    print_path(path)


def _say(console: Console, quiet: bool, line: str) -> None:
    if not quiet:
        console.print(line, style="bold", soft_wrap=True)


def print_set(console: Console, runs: RunSet) -> None:
    """Print the scores of a set of runs: a column a run, and their mean, deviation, least and greatest."""
    record: Mapping[str, Any] = runs.record()
    finished = [str(number) for number in record.get("finished", [])]
    rows = []
    for split, table in record.get("scores", {}).items():
        for name, spread in table.items():
            values = [spread["values"].get(number) for number in finished]
            rows.append(
                [f"{split} {name}", *(score(spread[key]) for key in ("mean", "std", "min", "max")), *map(score, values)]
            )
    if not rows:
        console.print(f"no {runs.unit} is finished yet", soft_wrap=True)
        return
    columns = [f"{runs.unit} {number}" for number in finished]
    print_table(console, ["", "mean", "std", "min", "max", *columns], rows)
    if record.get("best") is not None:
        console.print(f"best on dev by {record['metric']}: {runs.unit} {record['best']}", soft_wrap=True)
    if missing := [str(number) for number in record.get(f"{runs.unit}s", []) if str(number) not in finished]:
        console.print(f"not finished: {runs.unit} {', '.join(missing)}", soft_wrap=True)
