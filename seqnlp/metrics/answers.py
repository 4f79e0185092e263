"""Answers: what a model said of every item of a split, beside what is right."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Answers:
    """One label for each item; arrays have shape (items,)."""

    names: list[str]
    """The labels."""
    gold: NDArray[np.int64]
    """The right label; negative for one that train did not have."""
    predicted: NDArray[np.int64]
    confidence: NDArray[np.float32]
    """The probability that the model gave to the predicted label."""
    rows: NDArray[np.int64]
    """The sequence that each item belongs to."""
    steps: NDArray[np.int64] | None = None
    """Where the item stands in it; None if the item is all of it."""
    known: NDArray[np.bool_] | None = None
    """Whether train had the word; None if items are not words."""
