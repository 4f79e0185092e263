"""Batches of sequences: a token budget, bucketed by length."""

import numpy as np
from numpy.typing import NDArray


def plan(lengths: NDArray[np.int64], budget: int, seed: int, epoch: int) -> list[NDArray[np.int64]]:
    """Plan the batches of an epoch. Only the arguments decide, so a training can be resumed at any of them.

    Sequences of about the same length come together, other ones in each epoch; batches come in random order.

    Args:
        lengths: Steps of each sequence; shape (sequences,).
        budget: Steps of a batch, padding included. A longer sequence makes a batch of its own.
        seed: The recipe's seed.
        epoch: Counted from 0.

    Returns:
        Row numbers of each batch; together every row once, but for those without a step.
    """
    random = np.random.default_rng([seed, epoch])
    blurred = lengths * random.uniform(0.9, 1.1, len(lengths)) + random.uniform(0, 1, len(lengths))
    order = _filled(np.argsort(blurred), lengths)
    batches = [order[start:end] for start, end in _cut(lengths[order], budget)]
    random.shuffle(batches)
    return batches


def in_order(lengths: NDArray[np.int64], budget: int) -> list[NDArray[np.int64]]:
    """Batches for evaluation, the longest sequences first; rows without a step are left out."""
    order = _filled(np.argsort(-lengths, kind="stable"), lengths)
    return [order[start:end] for start, end in _cut(lengths[order], budget)]


def _filled(rows: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    return rows[lengths[rows] > 0]


def _cut(lengths: NDArray[np.int64], budget: int) -> list[tuple[int, int]]:
    cuts, start, longest = [], 0, 0
    for position, length in enumerate(lengths.tolist()):
        longest = max(longest, length)
        if position > start and longest * (position + 1 - start) > budget:
            cuts.append((start, position))
            start, longest = position, length
    if len(lengths):
        cuts.append((start, len(lengths)))
    return cuts
