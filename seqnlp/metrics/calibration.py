"""Calibration: reliability tables, their error, and temperature scaling."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 10
COLDEST, HOTTEST = 0.05, 20.0


def reliability(
    confidence: NDArray[np.floating[Any]], right: NDArray[np.bool_], bins: int = BINS
) -> list[dict[str, float]]:
    """Reliability table: predictions of about the same confidence, and their accuracy.

    Args:
        confidence: Probability of each prediction; shape (items,).
        right: True where it was right; shape (items,).
        bins: Number of equal bins between 0 and 1.

    Returns:
        For each bin that has predictions: its bounds (`low` and `high`), their `count`, their mean
        `confidence` and their `accuracy`.
    """
    places = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    counts = np.bincount(places, minlength=bins)
    confidences = np.bincount(places, confidence, minlength=bins)
    correct = np.bincount(places, right, minlength=bins)
    return [
        {
            "low": part / bins,
            "high": (part + 1) / bins,
            "count": int(counts[part]),
            "confidence": float(confidences[part] / counts[part]),
            "accuracy": float(correct[part] / counts[part]),
        }
        for part in np.flatnonzero(counts).tolist()
    ]


def calibration_error(table: list[dict[str, float]]) -> float:
    """Expected calibration error (Naeini et al., 2015) of the result of `reliability`.

    It is the mean distance of confidence and accuracy.
    """
    total = sum(row["count"] for row in table)
    return sum(row["count"] * abs(row["confidence"] - row["accuracy"]) for row in table) / max(total, 1)


def fit_temperature(logits: NDArray[np.floating[Any]], gold: NDArray[np.int64]) -> float:
    """Temperature to divide logits by, fitted by likelihood (Guo et al., 2017).

    Args:
        logits: One row an item: of each class, shape (items, classes), or, for yes-or-no questions, shape (items,).
        gold: The right class of each item, or 1 for yes and 0 for no; shape (items,). Negative ones are left out.

    Returns:
        The temperature, between `COLDEST` and `HOTTEST`; 1 if there are no items.
    """
    known = gold >= 0
    if not known.any():
        return 1.0
    rows, answers = logits[known].astype(np.float64), gold[known]
    if rows.ndim == 1:  # yes or no is the choice between the logit and 0
        rows = np.stack([np.zeros(len(rows)), rows], 1)
    right = rows[np.arange(len(rows)), answers].mean()
    low, high = 1 / HOTTEST, 1 / COLDEST
    for _ in range(50):  # the loss is convex in the inverse temperature: halve the way to where its slope is 0
        middle = (low * high) ** 0.5
        weights = np.exp(middle * (rows - rows.max(1, keepdims=True)))
        expected = ((weights * rows).sum(1) / weights.sum(1)).mean()
        low, high = (middle, high) if expected < right else (low, middle)
    return float(1 / middle)
