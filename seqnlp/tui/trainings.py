"""Training processes: started, paused, stopped with a checkpoint, and found again later."""

from __future__ import annotations

import os
import shlex
import signal
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from threading import Lock, RLock
from time import time
from typing import TYPE_CHECKING, final

from seqnlp.errors import DataError, RunError, UsageError
from seqnlp.processes import module_command
from seqnlp.run.events_log import EVENTS
from seqnlp.run.files import read_json, saving, write_json
from seqnlp.run.lock import HOLDER, LOCK, holder, noted_process

if TYPE_CHECKING:  # its import takes a while, and most folders have no trainings
    import psutil

FOLDER = ".trainings"
"""Beside the runs: for each training a record of its process, and the output of that."""

LOG_TAIL = 8_192
"""Bytes at the end of the output that are read."""

NO_FAILURES = (0, 130, 143)
"""Exit codes of a training that reached its end, or was stopped."""

STOPPED = "go on with:"
"""Text in the output of a training that was stopped with a checkpoint."""

SAME_TIME = 2.0
"""Tolerance of start times, in seconds: the clock may be set in between."""


class Condition(Enum):
    """State of a training's process."""

    RUNNING = "training"
    PAUSED = "paused"
    STOPPING = "stopping"
    """It was told to stop, and saves a checkpoint."""
    ENDED = "ended"


@dataclass(frozen=True)
class Record:
    """Process of a training, in a file: another application can watch and resume it."""

    recipe: str
    settings: list[str]
    pid: int
    started: float
    """Start time of the process, in seconds since the epoch: later another one may have its number."""


@final
class Training:
    """A training process; it goes on whatever becomes of the application."""

    def __init__(self, path: Path, record: Record, log: Path, process: psutil.Process | None, own: bool) -> None:
        """Take the parts.

        Args:
            path: The run directory.
            record: Contents of its record file.
            log: The file with its output.
            process: The process; None if it has ended.
            own: It was started by this application, which learns its exit code.
        """
        self.path, self.record, self.log, self.own = path, record, log, own
        self.code: int | None = None
        """Its exit code, if it has ended and was started by this application."""
        self._process, self._stopping = process, False
        self._ended = 0.0
        """Time at which an own process was seen to have ended, in seconds since the epoch."""
        self._asking = Lock()  # the home screen asks in a thread

    @property
    def condition(self) -> Condition:
        """State of the process now."""
        state = self._state()
        if state is None:
            return Condition.ENDED
        import psutil

        if self._stopping:
            return Condition.STOPPING
        return Condition.PAUSED if state in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP) else Condition.RUNNING

    @property
    def alive(self) -> bool:
        """True while there is a process."""
        return self._state() is not None

    def pause(self) -> None:
        """Suspend it and the processes that it has started; they keep their memory."""
        import psutil

        for process in self._family():
            with suppress(psutil.Error):
                process.suspend()

    def unpause(self) -> None:
        """Let it go on after a pause."""
        import psutil

        for process in self._family():
            with suppress(psutil.Error):
                process.resume()

    def stop(self) -> None:
        """Ask it to save a checkpoint and to end; if that was asked before, to end at once."""
        if self._process is not None and self.alive:
            import psutil

            self._stopping = True
            with suppress(psutil.Error):
                self._process.send_signal(signal.SIGINT)
            self.unpause()  # one that is suspended would hear it only later

    def last_words(self, count: int = 12) -> list[str]:
        """The last lines of its output."""
        try:
            with open(self.log, "rb") as file:
                file.seek(max(0, os.path.getsize(self.log) - LOG_TAIL))
                lines = file.read().decode("utf-8", "replace").splitlines()
        except OSError:
            return []
        visible = ["".join(sign for sign in line.expandtabs(4) if sign.isprintable()) for line in lines]
        return [line.rstrip() for line in visible if line.strip()][-count:]

    def failure(self) -> str:
        """Reason of a failure in one line, by exit code and output; empty without one."""
        if self.alive or self.code in NO_FAILURES:
            return ""
        words = self.last_words()
        if any(STOPPED in line for line in words):
            return ""
        if _mtime(self.path / EVENTS) > (self._ended or _mtime(self.log)) + SAME_TIME:
            return ""  # it was trained again since then, as on a command line
        errors = [line.removeprefix("error:").strip() for line in words if line.startswith("error:")]
        if errors:
            return errors[-1]
        if self.code is not None:
            return f"it was ended by signal {-self.code}" if self.code < 0 else f"it ended with code {self.code}"
        if self.path.exists() or words[-1:] == [str(self.path)]:  # the last line of one that succeeded
            return ""
        return f"it ended early: {words[-1]}" if words else "it ended without a word, before there was a run"

    def _family(self) -> list[psutil.Process]:
        if self._process is None or not self.alive:
            return []
        import psutil

        with suppress(psutil.Error):
            return [self._process, *self._process.children(recursive=True)]
        return []

    def _state(self) -> str | None:
        """The process's status as psutil names it; None if it has ended, which is remembered."""
        with self._asking:
            process = self._process
            if process is None:
                return None
            import psutil

            with suppress(psutil.Error):
                if process.is_running() and not _is_ended(state := process.status()):
                    return state
            if self.own:  # a child that has ended waits to be asked for its exit code
                with suppress(psutil.TimeoutExpired):
                    self.code = process.wait(1)
                self._ended = time()
            self._process = None
            return None


@final
class Trainings:
    """The trainings whose runs are in a folder."""

    def __init__(self, root: Path, command: Sequence[str] | None = None) -> None:
        self.root, self._command = root, command or module_command("seqnlp")
        self._known: dict[str, Training] = {}
        self._noted: dict[str, tuple[float, float]] = {}
        """Times of the record and of the lock's note when a training was seen to have ended."""
        self._lock = RLock()  # the home screen looks in a thread

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
        with self._lock:
            before = self.at(name)
            if before is not None and before.alive:
                raise UsageError(f"{self.root / name} is being trained already")
            return self._start(recipe, settings, name, how)

    def _start(self, recipe: str, settings: Sequence[str], name: str, how: str) -> Training:
        import psutil

        folder = self.root / FOLDER
        with saving(folder, "starting a training"):
            folder.mkdir(parents=True, exist_ok=True)
        log = folder / f"{name}.log"
        words = [word for setting in settings for word in ("-s", setting)]
        out = ["--out", str(self.root / name), "--quiet", *([f"--{how}"] if how else [])]
        process = psutil.Process(spawn([*self._command, "train", os.path.abspath(recipe), *words, *out], log))
        record = Record(os.path.abspath(recipe), list(settings), process.pid, process.create_time())
        write_json(folder / f"{name}.json", asdict(record))
        training = self._known[name] = Training(self.root / name, record, log, process, own=True)
        return training

    def at(self, name: str) -> Training | None:
        """The latest training of a run as far as it is known: begun by an application, or going on right now."""
        with self._lock:
            found = self._known.get(name)
            path, log = self.root / name, self.root / FOLDER / f"{name}.log"
            times = _mtime(log.with_suffix(".json")), _mtime(path / HOLDER)
            # one that is known by its lock alone goes on no longer than that: a run is locked while it is moved, too
            is_sure = found is not None and bool(found.record.recipe) and found.alive
            if found is not None and (is_sure or self._noted.get(name) == times):
                return found
            record = _read_record(log.with_suffix(".json"))
            process = None if record is None else find_process(record)
            if process is None and (holding := _holder(path)) is not None:
                process, record, log = holding, Record("", [], holding.pid, holding.create_time()), path / "nothing"
            if record is None:
                return None
            self._noted[name] = times
            if found is not None and process is None and record == found.record:
                return found  # a new one would lose the exit code
            self._known[name] = Training(path, record, log, process, own=False)
            return self._known[name]

    def rename(self, name: str, other: str) -> None:
        """Rename the record and the output of a training that has ended."""
        with self._lock:
            self._known.pop(name, None)
            self._known.pop(other, None)
            folder = self.root / FOLDER
            with saving(folder, "renaming a training"):
                for end in (".json", ".log"):
                    (folder / f"{other}{end}").unlink(missing_ok=True)
                    if (folder / f"{name}{end}").exists():
                        os.rename(folder / f"{name}{end}", folder / f"{other}{end}")

    def forget(self, name: str) -> None:
        """Delete the record and the output of a training that has ended."""
        with self._lock:
            self._known.pop(name, None)
            with saving(self.root / FOLDER, "forgetting a training"):
                for end in (".json", ".log"):
                    (self.root / FOLDER / f"{name}{end}").unlink(missing_ok=True)

    def all(self) -> list[Training]:
        """The latest training of each run, as far as it is known."""
        return list(self._all())

    def alive(self) -> list[Training]:
        """Running trainings, whoever has started them."""
        return [training for training in self._all() if training.alive]

    def own(self) -> list[Training]:
        """Running trainings that this application has started."""
        return [training for training in [*self._known.values()] if training.own and training.alive]

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
    """Start a process in a new session; it outlives terminal and application.

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


def find_process(record: Record) -> psutil.Process | None:
    """The process of a record; None if it has ended, also where another one has its number now."""
    import psutil

    with suppress(psutil.Error):
        process = psutil.Process(record.pid)
        if abs(process.create_time() - record.started) <= SAME_TIME and not _is_ended(process.status()):
            return process
    return None


def _is_ended(status: str) -> bool:
    import psutil

    return status in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)


def _holder(path: Path) -> psutil.Process | None:
    """The process that trains in a folder; the lock is left alone if the note is old."""
    noted = noted_process(path)
    if noted is None:
        return None
    import psutil

    pid = holder(path) if psutil.pid_exists(noted) else None
    with suppress(psutil.Error):
        return None if pid is None else psutil.Process(pid)
    return None


def _mtime(path: Path) -> float:
    """Time of a file's last change; 0 if there is none."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _read_record(file: Path) -> Record | None:
    """The record in a file, or None if there is none."""
    try:
        data = read_json(file)
        record = Record(str(data["recipe"]), [str(text) for text in data["settings"]], data["pid"], data["started"])
    except (RunError, KeyError, TypeError):
        return None
    return record if isinstance(record.pid, int) and record.pid > 1 and isinstance(record.started, float) else None


def settings_in(line: str) -> list[str]:
    """Split a line of settings as a shell would; `-s` is optional.

    Raises:
        ValueError: a quotation mark has no partner.
    """
    return [word for word in shlex.split(line) if word not in ("-s", "--set")]


def line_of(settings: Sequence[str]) -> str:
    """The line that `settings_in` reads."""
    return shlex.join(settings)
