"""Precision, recall and F1 of spans, by exact match."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqnlp.codecs.spans import Spans
from seqnlp.metrics.labels import LabelScores, counted_scores, macro_f1

NOTHING = {"precision": 0.0, "recall": 0.0, "f1": 0.0}
"""Scores where there are no spans at all."""


@dataclass(frozen=True)
class SpanScores:
    """Scores of predicted spans, from 0 to 1, and 0 where undefined."""

    precision: float
    """Share of the predicted spans that is right."""
    recall: float
    """Share of the gold spans that is found."""
    f1: float
    macro_f1: float
    """Mean of the labels' F1, each label counting the same."""
    labels: LabelScores
    """A row for each label that occurs."""


def span_scores(gold: Spans, predicted: Spans) -> SpanScores:
    """Compare predicted spans of a column with the gold ones."""
    found = _found(gold, predicted)
    names = sorted({*gold.labels.tolist(), *predicted.labels.tolist()})
    right = _counts(gold.labels[found], names)
    given, support = _counts(predicted.labels, names), _counts(gold.labels, names)
    labels = counted_scores(right, given, support, names)
    together = [count.sum(keepdims=True) for count in (right, given, support)]
    total = counted_scores(together[0], together[1], together[2], ["all"]).get("all", NOTHING)
    return SpanScores(total["precision"], total["recall"], total["f1"], macro_f1(labels), labels)


def span_counts(gold: Spans, predicted: Spans, offsets: NDArray[np.int64]) -> NDArray[np.float64]:
    """True positives, predictions and gold spans of each sentence.

    Args:
        gold: Spans of a column.
        predicted: Predicted ones.
        offsets: First word of each sentence, and the end of the last one; shape (sentences + 1,).

    Returns:
        Shape (sentences, 3).
    """
    starts = (gold.starts[_found(gold, predicted)], predicted.starts, gold.starts)
    places = [np.searchsorted(offsets, each, "right") - 1 for each in starts]
    return np.stack([np.bincount(each, minlength=len(offsets) - 1) for each in places], 1).astype(np.float64)


def _found(gold: Spans, predicted: Spans) -> NDArray[np.int64]:
    """Indices of the gold spans that are predicted."""
    _, ours, theirs = np.intersect1d(gold.starts, predicted.starts, assume_unique=True, return_indices=True)
    same = (gold.ends[ours] == predicted.ends[theirs]) & (gold.labels[ours] == predicted.labels[theirs])
    return np.asarray(ours[same])


def _counts(labels: NDArray[np.str_], names: list[str]) -> NDArray[np.int64]:
    return np.bincount(np.searchsorted(names, labels), minlength=len(names)) if names else np.zeros(0, np.int64)
