"""Randomness for replicas of a model that are trained side by side: each thread draws from a generator of its own."""

import threading

import torch

_local = threading.local()


def seed_thread(seed: int) -> None:
    """Begin the random numbers of this thread anew."""
    generator().manual_seed(seed)


def generator() -> torch.Generator:
    """The generator of this thread; dropout draws from it."""
    if "generator" not in _local.__dict__:
        _local.generator = torch.Generator()
    return _local.generator  # type: ignore[no-any-return]
