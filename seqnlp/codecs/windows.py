"""Instance normalization of windows: shift and scale, undone after the network."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

WindowScale = Literal["none", "last", "standard"]
Array = NDArray[np.float32]

SMALLEST = 1e-5
"""Added to the variance of a window, so that a constant one can be scaled."""


def window_scale(values: Array, observed: NDArray[np.bool_], kind: WindowScale) -> tuple[Array, Array]:
    """Shift and scale of windows.

    Args:
        values: Windows, time first but for the batch: shape (batch, time, channels).
        observed: False where a value is missing; of the same shape.
        kind: `none`: 0 and 1. `last`: the last observed value, and 1 (NLinear; Zeng et al., 2023).
            `standard`: mean and standard deviation, as in reversible instance normalisation (Kim et al., 2022),
            without its learned map (`seqnlp.nn.window_affine`).

    Returns:
        Two arrays of shape (batch, channels). A window without a single value has 0 and 1.
    """
    batch, time, channels = values.shape
    shift, scale = np.zeros((batch, channels), np.float32), np.ones((batch, channels), np.float32)
    if kind == "last":
        return last_value(values, observed), scale
    if kind == "standard":
        whole = observed.all()
        count = np.full_like(shift, time) if whole else np.maximum(observed.sum(1), 1).astype(np.float32)
        shift = (values if whole else np.where(observed, values, 0)).sum(1, dtype=np.float32) / count
        apart = values - shift[:, None]
        squares = np.square(apart if whole else np.where(observed, apart, 0)).sum(1, dtype=np.float32)
        scale = np.sqrt(squares / count + np.float32(SMALLEST))
        if not whole:
            scale = np.where(observed.any(1), scale, 1).astype(np.float32)
    return shift, scale


def last_value(values: Array, observed: NDArray[np.bool_]) -> Array:
    """Last observed value of each window, or else 0; shape (batch, channels)."""
    if observed[:, -1].all():
        return values[:, -1]
    place = values.shape[1] - 1 - observed[:, ::-1].argmax(1)
    found = np.take_along_axis(values, place[:, None], 1)[:, 0]
    return np.where(observed.any(1), found, 0).astype(np.float32)
