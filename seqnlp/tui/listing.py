"""Runs in a folder, broken ones included; reads JSON only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from seqnlp.errors import SeqnlpError
from seqnlp.run import Run
from seqnlp.run.summary import Summary, summarize
from seqnlp.tasks.registry import known_tasks
from seqnlp.tui.trainings import Training

BROKEN = "damaged"


def runs_in(root: Path, trainings: Sequence[Training] = ()) -> list[Summary]:
    """List the runs in a folder: the newest first, the broken last; none if there is no folder.

    Args:
        root: The folder.
        trainings: Those that go on: their runs are marked as such, and come first.
    """
    states = {training.path.name: training.condition.value for training in trainings}
    found = [replace(run, state=states.get(run.name, run.state)) for run in _look_into(root)]
    named = {run.name for run in found}
    for training in trainings:  # what reads its data has no run yet
        if training.path.name not in named:
            found.append(Summary(training.path.name, str(training.path), "", "training", "", "", None, 0, ""))
    found.sort(key=lambda run: run.created, reverse=True)
    found.sort(key=lambda run: (run.state == BROKEN, run.name not in states))
    return found


def run_at(path: Path) -> Summary:
    """Summarize one run, in whatever state it is.

    Raises:
        seqnlp.errors.RunError: there is none.
    """
    return summarize(Run.at(path))


def noun_of(task: str) -> str:
    """Noun of a task without its article; the name of an unknown one, whose noun only the service knows."""
    nouns = {info.name: info.noun.removeprefix("a ").removeprefix("an ") for info in known_tasks()}
    return nouns.get(task, task)


def _look_into(root: Path) -> Iterator[Summary]:
    folders = sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    for folder in folders:
        if folder.name.startswith("."):
            continue
        try:
            yield run_at(folder)
        except (SeqnlpError, OSError) as error:
            if "not a run" not in str(error):
                yield _broken(folder, str(error))


def _broken(folder: Path, problem: str) -> Summary:
    return Summary(folder.name, str(folder), "", BROKEN, "", "", None, 0, "", problem)
