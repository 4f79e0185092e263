"""Runs in a folder, broken ones and failed trainings included; reads JSON only."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import final

from seqnlp.errors import SeqnlpError
from seqnlp.run import Run
from seqnlp.run.directory import META, MODEL, NOTE, RECIPE, SCORES, holds_runs
from seqnlp.run.events_log import EVENTS
from seqnlp.run.summary import Summary, summarize
from seqnlp.tasks.registry import known_tasks
from seqnlp.tui.trainings import Training

BROKEN = "damaged"
FAILED = "failed"

Signature = tuple[object, ...]


@final
class RunFolder:
    """Runs in a folder, read again and again: only those that have changed are summarized anew."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._seen: dict[str, tuple[Signature, Summary | None]] = {}

    def read(self, trainings: Sequence[Training] = ()) -> list[Summary]:
        """List the runs: the newest first, those that go on before all, the broken last; none without a folder.

        Args:
            trainings: The latest training of each run, as far as known. Those that go on, and those that have failed
                before there was a run, have a line, too.

        Raises:
            OSError: the folder can't be read.
        """
        found = {run.name: run for run in self._look()}
        for training in trainings:
            name = training.path.name
            run = found.get(name)
            if training.alive:
                found[name] = replace(run or _unborn(training), state=training.condition.value)
            elif (run is None or run.state == "unfinished") and (reason := training.failure()):
                found[name] = replace(run or _unborn(training), state=FAILED, problem=reason)
        live = {training.path.name for training in trainings if training.alive}
        listed = sorted(found.values(), key=lambda run: run.created, reverse=True)
        return sorted(listed, key=lambda run: (run.state == BROKEN, run.name not in live))

    def _look(self) -> Iterator[Summary]:
        seen, self._seen = self._seen, {}
        for name in self._names():
            folder = self.root / name
            signature = _signature(folder)
            before = seen.get(name)
            summary = before[1] if before is not None and before[0] == signature else _summary_of(folder)
            self._seen[name] = (signature, summary)
            if summary is not None:
                yield summary

    def _names(self) -> Iterator[str]:
        """Relative paths of folders that may be runs, also in sets."""
        for name in _folders(self.root):
            if holds_runs(self.root / name):
                yield from (f"{name}/{inner}" for inner in _folders(self.root / name))
            else:
                yield name


def _folders(folder: Path) -> list[str]:
    """Names of the folders in a folder, hidden ones left out."""
    names = sorted(os.listdir(folder)) if folder.is_dir() else []
    return [name for name in names if not name.startswith(".") and (folder / name).is_dir()]


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


def _signature(folder: Path) -> Signature:
    """Identities, times and sizes of all that a summary is made of."""
    return tuple(map(_state_of, [folder, *(folder / name for name in (META, RECIPE, EVENTS, SCORES, MODEL, NOTE))]))


def _state_of(path: Path) -> Signature:
    try:
        found = path.stat()
    except OSError as error:
        return (error.errno,)
    return found.st_ino, found.st_mtime_ns, found.st_size


def _summary_of(folder: Path) -> Summary | None:
    """Summary of a run; None for a folder that is none."""
    try:
        return run_at(folder)
    except (SeqnlpError, OSError) as error:
        return None if "not a run" in str(error) else _broken(folder, str(error))


def _broken(folder: Path, problem: str) -> Summary:
    return Summary(Run(folder).name, str(folder), "", BROKEN, "", "", None, 0, "", problem)


def _unborn(training: Training) -> Summary:
    """Summary of a training without a run: it still reads its data, or it has failed before that."""
    begun = datetime.fromtimestamp(training.record.started, UTC).isoformat(timespec="seconds")
    return Summary(training.path.name, str(training.path), "", "training", "", "", None, 0, begun)
