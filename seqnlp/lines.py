"""Limit on the length of lines, of files and standard input."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from seqnlp.errors import DataError

MAX_LINE = 1_000_000
"""Longest line that is read, in bytes, unless the user names another length."""

_limit = ContextVar("max_line", default=MAX_LINE)


def line_limit() -> int:
    """Longest line that is read now, in bytes."""
    return _limit.get()


def set_line_limit(limit: int) -> int:
    """Set the longest line, in bytes, for the rest of the process."""
    _limit.set(limit)
    return limit


@contextmanager
def with_line_limit(limit: int) -> Iterator[None]:
    """Set the longest line that is read, in bytes, in a block."""
    before = _limit.set(limit)
    try:
        yield
    finally:
        _limit.reset(before)


def long_line(path: str | Path, line: int) -> DataError:
    """Error about a line that is longer than the limit."""
    hint = "--max-line, or data.reader.max_line for a corpus, raises the limit"
    return DataError(f"a line of more than {line_limit():,} bytes", path, line, hint)
