"""Claim: only one training at a time writes to a run directory."""

import os
import sys
from pathlib import Path
from types import TracebackType
from typing import IO, Self, final

from seqnlp.errors import RunError
from seqnlp.run import files

LOCK = ".lock"
"""A file that is there for good; what counts is the lock on it, which ends with its process, however that ends."""


@final
class RunLock:
    """The right to write to a run directory, from `take` to the end of the `with` block."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def take(self) -> None:
        """Claim the folder, and make it if need be; where the system has no such locks, nothing is claimed.

        Raises:
            seqnlp.errors.RunError: another process trains there.
            seqnlp.errors.DataError: the folder cannot be written.
        """
        if sys.platform == "win32" or self._file is not None:
            return
        import fcntl

        with files.saving(self._path, "claiming the run"):
            self._path.mkdir(parents=True, exist_ok=True)
            file = open(self._path / LOCK, "a+", encoding="utf-8")  # noqa: SIM115  (closing it is giving it back)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            process = file.read().strip()
            file.close()
            raise RunError(f"process {process or '?'} is training here: wait, or stop it", self._path) from None
        except OSError:  # some network file systems
            file.close()
            return
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def holder(path: Path) -> int | None:
    """The process that trains in a run directory; None if nobody does."""
    if sys.platform == "win32":
        return None
    import fcntl

    try:
        with open(path / LOCK, encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(file.read().strip() or 0) or None
    except (OSError, ValueError):
        pass
    return None
