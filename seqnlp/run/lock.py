"""Lock of a run directory: only one training at a time writes to it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, final

from seqnlp.errors import RunError
from seqnlp.run import files

if TYPE_CHECKING:
    from filelock import BaseFileLock

LOCK = ".lock"
"""Lock file. The lock on it ends with its process, however that ends; the file itself means nothing."""

HOLDER = ".lock.pid"
"""Note of the process that holds the lock, beside it: on Windows nobody else can read a locked file."""

WAIT = 0.2
"""Seconds to wait for a lock: `holder` may be trying it."""

PATIENCE = 30.0
"""Seconds to wait for others that lock a folder for a moment."""


@final
class RunLock(AbstractContextManager["RunLock"]):
    """Lock of a run directory: from `acquire` to the end of the `with` block."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock: BaseFileLock | None = None

    def acquire(self) -> None:
        """Lock the folder, and make it if need be.

        Raises:
            seqnlp.errors.RunError: another process trains there, or the lock is a link.
            seqnlp.errors.DataError: the folder cannot be written.
        """
        if self._lock is not None:
            return
        from filelock import Timeout  # slow to import; listing runs does without

        lock = _file_lock(self._path)
        with files.saving(self._path, "locking the run"):
            files.make_folder(self._path)
            try:
                lock.acquire(timeout=WAIT, poll_interval=WAIT / 10)
            except Timeout:
                process = noted_process(self._path) or "?"
                raise RunError(f"process {process} is training here: wait, or stop it", self._path) from None
            self._lock = lock
        files.write_bytes(self._path / HOLDER, str(os.getpid()).encode())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lock is not None:
            with suppress(OSError):
                (self._path / HOLDER).unlink(missing_ok=True)
            self._lock.release()
            self._lock = None


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Lock a folder for a moment, in which other processes wait.

    Raises:
        seqnlp.errors.RunError: the lock is a link, or held for longer than `PATIENCE`.
        seqnlp.errors.DataError: the folder cannot be written.
    """
    from filelock import Timeout

    lock = _file_lock(folder)
    with files.saving(folder, "locking it"):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=PATIENCE)
        except Timeout:
            raise RunError(f"another process has been writing here for {PATIENCE:.0f} seconds", folder) from None
    try:
        yield
    finally:
        lock.release()


def holder(path: Path) -> int | None:
    """Process that trains in a run directory; None if there is none."""
    process = noted_process(path)
    if process is None:
        return None
    from filelock import Timeout

    try:
        with _file_lock(path).acquire(timeout=0):
            return None  # the note is of a process that was killed
    except Timeout:
        return process
    except (OSError, RunError):
        return None


def noted_process(path: Path) -> int | None:
    """Process in the note beside the lock; it may have ended long ago. None without a note."""
    try:
        return int((path / HOLDER).read_text().strip()) or None
    except (OSError, ValueError):
        return None


def _file_lock(path: Path) -> BaseFileLock:
    """Make the file lock of a run.

    Raises:
        seqnlp.errors.RunError: a link stands in its place: locking would empty the file that it points to.
    """
    from filelock import FileLock

    files.check_own(path / LOCK)
    return FileLock(path / LOCK, thread_local=False)  # a training may go from thread to thread
