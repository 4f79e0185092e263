"""Precision, recall and F1 of each label."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def label_scores(
    gold: NDArray[np.int64], predicted: NDArray[np.int64], names: list[str]
) -> dict[str, dict[str, float]]:
    """Score each label on its own.

    Args:
        gold: The right label of each item, as its number; negative for a label that has none.
        predicted: The predicted label of each item.
        names: The labels' names.

    Returns:
        For each label that occurs on either side: `precision`, `recall` and `f1`, from 0 to 1 (0 where
        undefined), and `support`, how often it occurs in `gold`.
    """
    size = len(names)
    support = np.bincount(gold[gold >= 0], minlength=size)
    given = np.bincount(predicted, minlength=size)
    right = np.bincount(gold[gold == predicted], minlength=size)
    return counted_scores(right, given, support, names)


def counted_scores(
    right: NDArray[np.int64], given: NDArray[np.int64], support: NDArray[np.int64], names: list[str]
) -> dict[str, dict[str, float]]:
    """The same from counts, each of shape (labels,).

    Args:
        right: How often each label was predicted where it should have been.
        given: How often it was predicted.
        support: How often it should have been.
        names: The labels' names.
    """
    precision, recall = _ratio(right, given), _ratio(right, support)
    f1 = _ratio(2 * right, given + support)
    return {
        name: {
            "precision": float(precision[number]),
            "recall": float(recall[number]),
            "f1": float(f1[number]),
            "support": int(support[number]),
        }
        for number, name in enumerate(names)
        if support[number] or given[number]
    }


def _ratio(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    ratio: NDArray[np.float64] = np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)
    return ratio
