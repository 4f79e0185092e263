"""Whether new layers draw their weights: those of a run need not, for theirs are read from a file."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_drawn = ContextVar("drawn", default=True)


def weights_are_drawn() -> bool:
    """Whether a layer that is built now needs weights to begin with."""
    return _drawn.get()


@contextmanager
def weights_are_loaded() -> Iterator[None]:
    """Let layers that are built meanwhile leave out what costs most of the time that opening a run takes."""
    token = _drawn.set(False)
    try:
        yield
    finally:
        _drawn.reset(token)
