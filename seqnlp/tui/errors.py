"""Errors: notifications of failed requests, and a log of unexpected exceptions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from textual.widget import Widget

from seqnlp.cache import cache_folder
from seqnlp.service.client import ServiceDied, ServiceError

TITLES = {
    "UsageError": "These settings do not go together",
    "RunError": "The run can't be opened",
    "UntrustedPlugin": "The run is not trusted yet",
    "DataError": "A file can't be read",
    "MemoryError": "Not enough memory",
    "InternalError": "A fault in seqnlp itself",
}

MAX_BYTES = 1 << 20
"""Size of the log, about, after which it is overwritten."""


@contextmanager
def notify_errors(widget: Widget) -> Iterator[None]:
    """Turn a failed request into a notification."""
    try:
        yield
    except ServiceDied:
        pass  # the application tells it, whoever has asked
    except ServiceError as error:
        title = TITLES.get(error.kind, "It does not work")
        widget.notify(error.message, title=title, severity="error", timeout=8, markup=False)


def log_file() -> Path:
    """Path of the terminal application's log."""
    return cache_folder() / "tui.log"


def log_crash(traceback: str) -> str:
    """Write a traceback to the log.

    Args:
        traceback: As it would have been printed.

    Returns:
        One line for the terminal: the exception, and where its traceback is.
    """
    exceptions = re.findall(r"^[A-Za-z_][\w.]*: .*\S", traceback, re.MULTILINE)
    message = "a fault in seqnlp itself" + (f": {exceptions[-1]}" if exceptions else "")
    file = log_file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        mode = "w" if file.exists() and file.stat().st_size > MAX_BYTES else "a"
        with file.open(mode, encoding="utf-8", errors="replace") as log:
            log.write(f"{datetime.now().astimezone().isoformat(timespec='seconds')}\n{traceback}\n")
    except OSError as error:
        return f"{message}; {file} can't be written: {(error.strerror or str(error)).lower()}"
    return f"{message}; the traceback is in {file}"
