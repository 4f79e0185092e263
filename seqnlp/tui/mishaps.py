"""What nobody foresaw: written to a log, so that the message on the screen can be short."""

from __future__ import annotations

import traceback
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from seqnlp.cache import cache_folder

LARGEST = 1 << 20
"""Bytes of the log, about; then it begins anew."""


class Overcome(Exception):
    """An error after which all that is on the screen still works."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def log_file() -> Path:
    """Where faults of the terminal application are written to."""
    return cache_folder() / "tui.log"


def log_mishap(error: BaseException) -> Path | None:
    """Write down an error with its traceback.

    Args:
        error: What was raised.

    Returns:
        The log; None if it can't be written.
    """
    file = log_file()
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        mode = "w" if file.exists() and file.stat().st_size > LARGEST else "a"
        with file.open(mode, encoding="utf-8", errors="replace") as log:
            log.write(f"{datetime.now().astimezone().isoformat(timespec='seconds')}\n")
            log.writelines(traceback.format_exception(error))
            log.write("\n")
        return file
    return None
