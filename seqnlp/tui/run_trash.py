"""Deletion of runs with undo, and renaming; the only code of the application that moves runs.

A deleted run is moved to `.trash/ID/run` beside the runs, with `.trash/ID/entry.json` about it. It stays there until it
is brought back or, `KEPT_DAYS` later, purged when an application starts. A run that is being trained, by whoever, is
locked and left alone.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import final

from seqnlp.errors import DataError, RunError, SeqnlpError, UsageError
from seqnlp.run import Run
from seqnlp.run.directory import SEARCH
from seqnlp.run.files import read_json, saving, sync_folder, write_json
from seqnlp.run.lock import HOLDER, RunLock
from seqnlp.run.sets import RunSet
from seqnlp.run.summary import summarize
from seqnlp.tui.trainings import FOLDER as TRAININGS
from seqnlp.tui.trainings import Trainings, check_name

FOLDER = ".trash"
"""Beside the runs; hidden, so that lists of runs do not look into it."""

ENTRY, RUN = "entry.json", "run"
RECORD, RECORD_ENDS = "training", (".json", ".log")
"""Record and output of the training, which go with the run."""

KEPT_DAYS = 30
"""Days after which a deleted run is purged."""


@final
@dataclass(frozen=True)
class Deleted:
    """A run in the trash."""

    folder: Path
    """Its entry; the run itself is `folder / "run"`."""
    name: str
    """Path of the run before, relative to the folder of runs."""
    at: float
    """Time of the deletion, in seconds since the epoch; the same for runs that were deleted together."""

    def clear(self) -> None:
        """Remove the entry, whose run is gone."""
        for name in (ENTRY, *(f"{RECORD}{end}" for end in RECORD_ENDS)):
            (self.folder / name).unlink(missing_ok=True)
        self.folder.rmdir()


@final
class RunTrash:
    """Trash of a folder of runs."""

    def __init__(self, root: Path) -> None:
        """Set up; nothing is read or written yet."""
        self.root = root

    def delete(self, name: str, at: float | None = None) -> Deleted:
        """Move a run to the trash.

        Args:
            name: Path of the run, relative to the folder of runs.
            at: Time of the deletion, which runs that are deleted together share; None: now.

        Raises:
            seqnlp.errors.SeqnlpError: it is no run, a link, or is being trained; the folder can't be written.
        """
        run = Run(self.root / name)
        if not os.path.lexists(run.path):
            raise RunError("no such run", run.path)
        run.check_removable()
        now = time() if at is None else at
        entry = self.root / FOLDER / f"{int(1000 * now):013d}-{secrets.token_hex(4)}"
        with ExitStack() as locks, saving(run.path, "deleting the run"):
            _lock(run.path, locks)
            entry.mkdir(parents=True)
            write_json(entry / ENTRY, {"name": name, "at": now})
            os.rename(run.path, entry / RUN)
            sync_folder(run.path.parent)
        with suppress(OSError):
            (entry / RUN / HOLDER).unlink(missing_ok=True)  # of this process, which does not train
        for end in RECORD_ENDS:
            _move(self.root / TRAININGS / f"{name}{end}", entry / f"{RECORD}{end}")
        _refresh_set(run.path.parent)
        return Deleted(entry, name, now)

    def restore(self, deleted: Deleted) -> str:
        """Bring a run back.

        Returns:
            Its name: the one before, or a numbered one if that is taken by now.

        Raises:
            seqnlp.errors.SeqnlpError: it is gone; the folder can't be written.
        """
        inside = deleted.folder / RUN
        if not inside.is_dir():
            raise RunError("this run is no longer in the trash", deleted.folder)
        name = deleted.name
        numbered = (f"{deleted.name}-{number}" for number in range(2, 10**6))
        while os.path.lexists(self.root / name):
            name = next(numbered)
        target = self.root / name
        with saving(target, "bringing the run back"):
            target.parent.mkdir(parents=True, exist_ok=True)
            os.rename(inside, target)
            sync_folder(target.parent)
            for end in RECORD_ENDS:
                _move(deleted.folder / f"{RECORD}{end}", self.root / TRAININGS / f"{name}{end}")
            deleted.clear()
        _refresh_set(target.parent)
        return name

    def entries(self) -> list[Deleted]:
        """Runs in the trash, the one that was deleted last first."""
        return sorted(self._entries(), key=lambda deleted: deleted.at, reverse=True)

    def last(self) -> list[Deleted]:
        """Runs in the trash that were deleted last, together."""
        entries = self.entries()
        return [entry for entry in entries if entry.at == entries[0].at]

    def purge(self) -> list[str]:
        """Remove the runs for good that were deleted more than `KEPT_DAYS` ago.

        Files in them that are not of a run stay.

        Returns:
            Their names.
        """
        purged = []
        for deleted in self.entries():
            if time() - deleted.at < KEPT_DAYS * 86_400:
                continue
            run = Run(deleted.folder / RUN)
            with suppress(SeqnlpError, OSError):
                run.check_removable()
                if not run.remove():
                    deleted.clear()
                purged.append(deleted.name)
        return purged

    def _entries(self) -> Iterator[Deleted]:
        for file in (self.root / FOLDER).glob(f"*/{ENTRY}"):
            try:
                data = read_json(file)
                name, at = data["name"], data["at"]
            except (RunError, KeyError):
                continue
            is_inside = isinstance(name, str) and not os.path.isabs(name) and ".." not in Path(name).parts
            if is_inside and name and isinstance(at, int | float) and (file.parent / RUN).is_dir():
                yield Deleted(file.parent, name, float(at))


def rename_run(root: Path, name: str, other: str, trainings: Trainings) -> None:
    """Give a run another name; its earlier texts and the record of its training go with it.

    Args:
        root: The folder of runs.
        name: Of the run.
        other: The new name.
        trainings: Those in the folder.

    Raises:
        seqnlp.errors.SeqnlpError: the name is taken or can't be that of a folder; the run is being trained, or belongs
            to others.
    """
    check_name(other)
    path, target = root / name, root / other
    if "/" in name:
        raise UsageError(f"{name} is one of several runs of {name.rpartition('/')[0]}, which are named by number")
    if os.path.lexists(target):
        raise UsageError(f"{target}: there is one of this name already")
    run = Run(path)
    run.check_removable()
    before = summarize(run)
    with ExitStack() as locks, saving(path, "renaming the run"):
        _lock(path, locks)
        os.rename(path, target)
        sync_folder(root)
    with suppress(OSError):
        (target / HOLDER).unlink(missing_ok=True)
    after = summarize(Run(target))
    from seqnlp.tui.history import History  # the list of runs needs none of it

    with suppress(OSError):
        old, new = History.of([before]).folder, History.of([after]).folder
        if old.is_dir() and not new.exists():
            os.rename(old, new)
    trainings.rename(name, other)


def _lock(path: Path, locks: ExitStack) -> None:
    """Lock a run, and the search that it belongs to: between two trials no run of that is locked.

    Raises:
        seqnlp.errors.RunError: it is being trained.
    """
    for folder in (path.parent, path) if (path.parent / SEARCH).is_file() else (path,):
        lock = RunLock(folder)
        locks.enter_context(lock)
        lock.acquire()


def _move(file: Path, target: Path) -> None:
    """Move a file if it is there; it replaces none."""
    with suppress(OSError):
        if file.is_file() and not os.path.lexists(target):
            os.rename(file, target)


def _refresh_set(folder: Path) -> None:
    """Summarize a set of runs anew, if the folder is one."""
    with suppress(DataError):
        if RunSet.is_set(folder):
            RunSet.at(folder).refresh()
