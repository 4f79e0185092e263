"""Scores of predicted labels: accuracy, precision, recall, F1, log loss and confusions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqnlp.codecs import Column

LEAST = 1e-12
"""Lower bound of probabilities, so that one mistake does not make a mean infinite."""

LabelScores = dict[str, dict[str, float]]
"""`precision`, `recall` and `f1` of each label, from 0 to 1 (0 where undefined), and `support`, its count in gold."""


@dataclass(frozen=True)
class LabelPairs:
    """Gold and predicted label of every item of a split; arrays have shape (items,)."""

    names: list[str]
    """Labels."""
    gold: NDArray[np.int64]
    """Right label; negative for one that train did not have."""
    predicted: NDArray[np.int64]
    confidence: NDArray[np.float32]
    """Probability that the model gave to the predicted label."""
    rows: NDArray[np.int64]
    """Sequence that each item belongs to."""
    steps: NDArray[np.int64] | None = None
    """Item's place in the sequence; None if the item is all of it."""
    known: NDArray[np.bool_] | None = None
    """True for words that train had; None if items are not words."""
    texts: tuple[Column, Column] | None = None
    """Gold and predicted labels of which these are the classes; None: the classes themselves."""
    parts: "Mapping[str, LabelPairs]" = field(default_factory=dict)
    """Features that the labels are lists of, by name."""


def accuracy(right: NDArray[np.bool_]) -> float:
    """Share of true values, from 0 to 1; of nothing, 0."""
    return float(right.mean()) if len(right) else 0.0


def label_scores(gold: NDArray[np.int64], predicted: NDArray[np.int64], names: list[str]) -> LabelScores:
    """Score each label by itself.

    Args:
        gold: The right label of each item, as its number; negative for a label that has none.
        predicted: The predicted label of each item.
        names: The labels' names.

    Returns:
        A row for each label that occurs on either side.
    """
    size = len(names)
    support = np.bincount(gold[gold >= 0], minlength=size)
    given = np.bincount(predicted, minlength=size)
    right = np.bincount(gold[gold == predicted], minlength=size)
    return counted_scores(right, given, support, names)


def counted_scores(
    right: NDArray[np.int64], given: NDArray[np.int64], support: NDArray[np.int64], names: list[str]
) -> LabelScores:
    """Score each label by its counts, each of shape (labels,).

    Args:
        right: True positives.
        given: Predictions.
        support: Occurrences in gold.
        names: The labels' names.

    Returns:
        A row for each label that is predicted or occurs.
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
        "macro_f1": macro_f1(table),
        "log_loss": _log_loss(scores[known, gold[known]]),
        "labels": table,
    }


def multilabel_scores(
    gold: NDArray[np.int64], scores: NDArray[np.floating[Any]], names: list[str], unseen: NDArray[np.int64]
) -> dict[str, Any]:
    """Score multilabel items; labels likelier than not count as predicted.

    Args:
        gold: 1 for each label that an item has, else 0; shape (items, labels).
        scores: The probability of each label, of the same shape.
        names: The labels' names.
        unseen: Number of labels of each item beside these, which no model can predict; shape (items,).

    Returns:
        `micro_f1`, `macro_f1`, `exact_match`, `log_loss` (nats per item and label) and a table, `labels`.
    """
    predicted = (scores > 0.5).astype(np.int64)
    right, given, support = (gold & predicted).sum(0), predicted.sum(0), gold.sum(0)
    table = counted_scores(right, given, support, names)
    whole = int(given.sum() + support.sum() + unseen.sum())
    return {
        "micro_f1": float(2 * right.sum() / whole) if whole else 0.0,
        "macro_f1": macro_f1(table),
        "exact_match": accuracy((gold == predicted).all(1) & (unseen == 0)),
        "log_loss": _log_loss(np.where(gold, scores, 1 - scores)),
        "labels": table,
    }


def macro_f1(table: LabelScores) -> float:
    """Mean of the labels' F1, each label counting the same; of none, 0."""
    return float(np.mean([row["f1"] for row in table.values()])) if table else 0.0


def confusion_matrix(gold: NDArray[np.int64], predicted: NDArray[np.int64], labels: int) -> NDArray[np.int64]:
    """Count how often each label was predicted in place of each.

    Args:
        gold: The right label of each item; negative for one that has no number.
        predicted: The predicted label of each item.
        labels: Number of labels.

    Returns:
        Counts, shape (labels + 1, labels): a row for each right label, the last one for those without a number.
    """
    rows = np.where(gold < 0, labels, gold)
    counts: NDArray[np.int64] = np.bincount(rows * labels + predicted, minlength=(labels + 1) * labels)
    return counts.reshape(labels + 1, labels)


def frequent_confusions(matrix: NDArray[np.int64], limit: int) -> list[tuple[int, int, int]]:
    """Most frequent mistakes in a matrix as (gold label, predicted label, count)."""
    wrong = matrix.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:limit]
    pairs = [(*divmod(int(place), matrix.shape[1]), int(wrong.flat[place])) for place in order]
    return [pair for pair in pairs if pair[2]]


def _log_loss(given: NDArray[np.floating[Any]]) -> float:
    return float(-np.log(np.maximum(given, LEAST)).mean()) if given.size else 0.0


def _ratio(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    ratio: NDArray[np.float64] = np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)
    return ratio
