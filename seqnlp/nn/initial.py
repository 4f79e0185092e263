"""Skipping of weight initialisation, where weights are then read from a file.

Building on the meta device and `load_state_dict(assign=True)` would not do: buffers that are not saved would have no
values, and weights that layers share would come apart.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import nn

_drawn = ContextVar("drawn", default=True)


def weights_are_drawn() -> bool:
    """Check if a layer that is built now needs initial weights."""
    return _drawn.get()


def lookup_table(rows: int, size: int, bound: float | None = None) -> nn.Embedding:
    """Make an `nn.Embedding`; initial weights, if these are needed, are normal, or uniform up to the bound."""
    if not weights_are_drawn():
        return nn.Embedding(rows, size, _weight=torch.empty(rows, size))
    table = nn.Embedding(rows, size)
    if bound is not None:
        nn.init.uniform_(table.weight, -bound, bound)
    return table


@contextmanager
def weights_are_loaded() -> Iterator[None]:
    """Skip initialisation inside: it costs most of the time of opening a run."""
    token = _drawn.set(False)
    try:
        yield
    finally:
        _drawn.reset(token)
