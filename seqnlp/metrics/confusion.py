"""Confusion: which labels are taken for which."""

import numpy as np
from numpy.typing import NDArray


def confusion_matrix(gold: NDArray[np.int64], predicted: NDArray[np.int64], labels: int) -> NDArray[np.int64]:
    """How often each label was predicted in place of each.

    Args:
        gold: The right label of each item; negative for one that has no number.
        predicted: The predicted label of each item.
        labels: How many labels there are.

    Returns:
        Counts, shape (labels + 1, labels): a row for each right label, the last one for those without a number.
    """
    rows = np.where(gold < 0, labels, gold)
    counts: NDArray[np.int64] = np.bincount(rows * labels + predicted, minlength=(labels + 1) * labels)
    return counts.reshape(labels + 1, labels)


def frequent_confusions(matrix: NDArray[np.int64], most: int) -> list[tuple[int, int, int]]:
    """The most frequent mistakes in a matrix as (right label, predicted label, count), the most frequent first."""
    wrong = matrix.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    pairs = [(*divmod(int(place), matrix.shape[1]), int(wrong.flat[place])) for place in order]
    return [pair for pair in pairs if pair[2]]
