"""Scores of classifiers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqnlp.metrics.accuracy import accuracy
from seqnlp.metrics.labels import counted_scores, label_scores

LEAST = 1e-12
"""Probabilities are not taken for less, so that one mistake does not make a mean infinite."""


def class_scores(gold: NDArray[np.int64], scores: NDArray[np.floating[Any]], names: list[str]) -> dict[str, Any]:
    """Score items that have one class each.

    Args:
        gold: The class of each item, shape (items,); negative for one that no model can predict.
        scores: The probability of each class, shape (items, classes).
        names: The classes' names.

    Returns:
        `accuracy`, `macro_f1`, `log_loss` (nats per item whose class is known) and a table, `labels`.
    """
    predicted = scores.argmax(1)
    known = gold >= 0
    table = label_scores(gold, predicted, names)
    return {
        "accuracy": accuracy(gold == predicted),
        "macro_f1": _macro(table),
        "log_loss": _loss(scores[known, gold[known]]),
        "labels": table,
    }


def multilabel_scores(
    gold: NDArray[np.int64],
    scores: NDArray[np.floating[Any]],
    names: list[str],
    unseen: NDArray[np.int64],
) -> dict[str, Any]:
    """Score items that have any number of labels each; those that are likelier than not count as predicted.

    Args:
        gold: 1 for each label that an item has, else 0; shape (items, labels).
        scores: The probability of each label, of the same shape.
        names: The labels' names.
        unseen: How many labels each item has beside these, which no model can predict; shape (items,).

    Returns:
        `micro_f1`, `macro_f1`, `exact_match`, `log_loss` (nats per item and label) and a table, `labels`.
    """
    predicted = (scores > 0.5).astype(np.int64)
    right, given, support = (gold & predicted).sum(0), predicted.sum(0), gold.sum(0)
    table = counted_scores(right, given, support, names)
    whole = int(given.sum() + support.sum() + unseen.sum())
    return {
        "micro_f1": float(2 * right.sum() / whole) if whole else 0.0,
        "macro_f1": _macro(table),
        "exact_match": accuracy((gold == predicted).all(1) & (unseen == 0)),
        "log_loss": _loss(np.where(gold, scores, 1 - scores)),
        "labels": table,
    }


def _macro(table: dict[str, dict[str, float]]) -> float:
    return float(np.mean([row["f1"] for row in table.values()])) if table else 0.0


def _loss(given: NDArray[np.floating[Any]]) -> float:
    return float(-np.log(np.maximum(given, LEAST)).mean()) if given.size else 0.0
