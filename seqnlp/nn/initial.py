"""Skipping of weight initialisation, where weights are then read from a file.

Building on the meta device and `load_state_dict(assign=True)` would not do: buffers that are not saved would have no
values, and weights that layers share would come apart.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_drawn = ContextVar("drawn", default=True)


def weights_are_drawn() -> bool:
    """Check if a layer that is built now needs initial weights."""
    return _drawn.get()


@contextmanager
def weights_are_loaded() -> Iterator[None]:
    """Skip initialisation inside: it costs most of the time of opening a run."""
    token = _drawn.set(False)
    try:
        yield
    finally:
        _drawn.reset(token)
