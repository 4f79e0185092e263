"""Accuracy: the share that is right."""

import numpy as np
from numpy.typing import NDArray


def accuracy(right: NDArray[np.bool_]) -> float:
    """The share of true values, from 0 to 1; of nothing, 0."""
    return float(right.mean()) if len(right) else 0.0
