"""Trainings in processes of their own: begun, paused, stopped with a checkpoint, and found again later."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import final

from seqnlp.errors import DataError, RunError, UsageError
from seqnlp.run.files import read_json, saving, write_json
from seqnlp.run.lock import LOCK, holder, noted_process

FOLDER = ".trainings"
"""Beside the runs: for each training who does it, and what that process has said."""

LOG_TAIL = 8_192
"""Bytes at the end of what a process has said that are looked at."""


class Condition(Enum):
    """What the process of a training does."""

    RUNNING = "training"
    PAUSED = "paused"
    STOPPING = "stopping"
    """It was told to stop, and saves a checkpoint."""
    ENDED = "ended"


@dataclass(frozen=True)
class Record:
    """What is kept of a training, so that another application can watch it and go on with it."""

    recipe: str
    settings: list[str]
    pid: int
    birth: str
    """When the process began, as the system tells it: later another one may have its number."""


@final
class Training:
    """One process that trains; it goes on whatever becomes of the application."""

    def __init__(self, path: Path, record: Record, log: Path, own: bool) -> None:
        self.path, self.record, self.log, self.own = path, record, log, own
        self.code: int | None = None
        """Its exit code, if it has ended and was begun by this application."""
        self._stopping = self._gone = False

    @property
    def condition(self) -> Condition:
        """What it does now."""
        if self._has_ended():
            return Condition.ENDED
        if self._stopping:
            return Condition.STOPPING
        seen = look_at(self.record.pid)
        return Condition.PAUSED if seen is not None and seen[0] in "Tt" else Condition.RUNNING

    @property
    def alive(self) -> bool:
        """Whether there is a process."""
        return not self._has_ended()

    def pause(self) -> None:
        """Let it stand still; it keeps its memory."""
        self._send_all(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on after a pause."""
        self._send_all(signal.SIGCONT)

    def stop(self) -> None:
        """Ask it to save a checkpoint and to end; if that was asked before, to end at once."""
        if self.alive:
            self._stopping = True
            with suppress(ProcessLookupError):
                os.kill(self.record.pid, signal.SIGINT)
            self.go_on()  # one that stands still would hear it only later

    def last_words(self, count: int = 12) -> list[str]:
        """The last lines that it has said."""
        try:
            with open(self.log, "rb") as file:
                file.seek(max(0, os.path.getsize(self.log) - LOG_TAIL))
                lines = file.read().decode("utf-8", "replace").splitlines()
        except OSError:
            return []
        visible = ["".join(sign for sign in line.expandtabs(4) if sign.isprintable()) for line in lines]
        return [line.rstrip() for line in visible if line.strip()][-count:]

    def _send_all(self, number: signal.Signals) -> None:
        """A signal to the process, and to those that it has started if it leads a group."""
        if self.alive:
            pid = self.record.pid
            with suppress(ProcessLookupError):
                (os.killpg if os.getpgid(pid) == pid else os.kill)(pid, number)

    def _has_ended(self) -> bool:
        if self._gone:
            return True
        if self.own:
            with suppress(ChildProcessError):
                pid, status = os.waitpid(self.record.pid, os.WNOHANG)
                if pid:
                    self.code = os.waitstatus_to_exitcode(status)
                    self._gone = True
                    return True
        seen = look_at(self.record.pid)
        self._gone = seen is None or seen[1] != self.record.birth or seen[0] in "ZX"
        return self._gone


@final
class Trainings:
    """The trainings whose runs are in a folder."""

    def __init__(self, root: Path, command: Sequence[str] = (sys.executable, "-m", "seqnlp")) -> None:
        self.root, self._command = root, command
        self._known: dict[str, Training] = {}

    def start(self, recipe: str, settings: Sequence[str], name: str, how: str = "") -> Training:
        """Begin a training, or go on with one.

        Args:
            recipe: Its file.
            settings: `KEY=VALUE`.
            name: Of the run's folder.
            how: `resume` or `overwrite`, where there is a run already.

        Raises:
            seqnlp.errors.UsageError: it is being trained already, or this can't be the name of a folder.
            seqnlp.errors.DataError: the process can't be started.
        """
        check_name(name)
        before = self.at(name)
        if before is not None and before.alive:
            raise UsageError(f"{self.root / name} is being trained already")
        folder = self.root / FOLDER
        with saving(folder, "starting a training"):
            folder.mkdir(parents=True, exist_ok=True)
        log = folder / f"{name}.log"
        words = [word for setting in settings for word in ("-s", setting)]
        out = ["--out", str(self.root / name), "--quiet", *([f"--{how}"] if how else [])]
        pid = spawn([*self._command, "train", os.path.abspath(recipe), *words, *out], log)
        seen = look_at(pid)
        record = Record(os.path.abspath(recipe), list(settings), pid, seen[1] if seen else "")
        write_json(folder / f"{name}.json", asdict(record))
        training = self._known[name] = Training(self.root / name, record, log, own=True)
        return training

    def at(self, name: str) -> Training | None:
        """The latest training of a run as far as it is known: begun by an application, or going on right now."""
        found = self._known.get(name)
        if found is not None and (found.own or found.alive):
            return found
        path, log = self.root / name, self.root / FOLDER / f"{name}.log"
        record = _read_record(log.with_suffix(".json"))
        if (record is None or not Training(path, record, log, own=False).alive) and (pid := _holder(path)) is not None:
            seen = look_at(pid)
            record, log = Record("", [], pid, seen[1] if seen else ""), path / "nothing"
        if record is None:
            return None
        self._known[name] = Training(path, record, log, own=False)
        return self._known[name]

    def alive(self) -> list[Training]:
        """Those that are going on, whoever has begun them."""
        return [training for training in self._all() if training.alive]

    def own(self) -> list[Training]:
        """Those that this application has begun and that are going on."""
        return [training for training in self._known.values() if training.own and training.alive]

    def _all(self) -> Iterator[Training]:
        names = {file.stem for file in (self.root / FOLDER).glob("*.json")} | set(self._known)
        names |= {file.parent.name for file in self.root.glob(f"*/{LOCK}")}
        return (training for name in sorted(names) if (training := self.at(name)) is not None)


def check_name(name: str) -> None:
    """See whether a folder can have this name.

    Raises:
        seqnlp.errors.UsageError: it can't.
    """
    if not name or name.startswith(".") or "/" in name or "\0" in name or os.sep in name:
        raise UsageError(f"{name!r}: expected the name of a folder, without a path and without a dot in front")


def spawn(command: Sequence[str], log: Path) -> int:
    """Start a process in a session of its own, so that neither the terminal nor the application takes it along.

    Its output goes to a file: a pipe would break when the application ends.

    Raises:
        seqnlp.errors.DataError: it can't be started.
    """
    if os.name != "posix":
        raise DataError("trainings can't be started from here on this system; use `seqnlp train`")
    files = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o644),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    heard = [signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGTSTP]
    with saving(log, "starting a training"):
        return os.posix_spawn(
            command[0], list(command), os.environ, file_actions=files, setsid=True, setsigmask=(), setsigdef=heard
        )


def look_at(pid: int) -> tuple[str, str] | None:
    """The state of a process as a letter (`T` stands still, `Z` has ended) and when it began; None if it is gone."""
    if Path("/proc/self/stat").exists():
        try:
            # the second field is the program's name in parentheses, which may hold blanks
            fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            return None
        return fields[0], fields[19]
    told = subprocess.run(["ps", "-o", "state=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, birth = told.stdout.strip().partition(" ")
    return (state[0], birth.strip()) if state else None


def _holder(path: Path) -> int | None:
    """The process that trains in a folder, unless the note of it is an old one: then the lock is let alone."""
    noted = noted_process(path)
    return holder(path) if noted is not None and look_at(noted) is not None else None


def _read_record(file: Path) -> Record | None:
    """The record in a file, or None if there is none."""
    try:
        data = read_json(file)
        record = Record(str(data["recipe"]), [str(text) for text in data["settings"]], data["pid"], data["birth"])
    except (RunError, KeyError, TypeError):
        return None
    return record if isinstance(record.pid, int) and record.pid > 1 and isinstance(record.birth, str) else None


def settings_in(line: str) -> list[str]:
    """The settings in a line as one would write it for the command line, `-s` included or not.

    Raises:
        ValueError: a quotation mark has no partner.
    """
    return [word for word in shlex.split(line) if word not in ("-s", "--set")]


def line_of(settings: Sequence[str]) -> str:
    """The line that `settings_in` reads."""
    return shlex.join(settings)
