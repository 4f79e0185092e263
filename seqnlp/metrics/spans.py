"""Precision, recall and F1 of spans: a span is right when its words and its label are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqnlp.codecs.spans import Spans
from seqnlp.metrics.labels import counted_scores

LabelScores = dict[str, dict[str, float]]

NOTHING = {"precision": 0.0, "recall": 0.0, "f1": 0.0}
"""The scores where there are no spans at all."""


@dataclass(frozen=True)
class SpanScores:
    """How well spans were found; all numbers from 0 to 1, and 0 where undefined."""

    precision: float
    """Of all spans found, the share that is right."""
    recall: float
    """Of all spans that there are, the share that was found."""
    f1: float
    macro_f1: float
    """The mean of the labels' F1, each label counting the same."""
    labels: LabelScores
    """For each label that occurs: `precision`, `recall`, `f1`, and how many spans there are as `support`."""


def span_scores(gold: Spans, predicted: Spans) -> SpanScores:
    """Compare the spans found in a column with those that there are."""
    _, ours, theirs = np.intersect1d(gold.starts, predicted.starts, assume_unique=True, return_indices=True)
    same = (gold.ends[ours] == predicted.ends[theirs]) & (gold.labels[ours] == predicted.labels[theirs])
    names = sorted({*gold.labels.tolist(), *predicted.labels.tolist()})
    right = _counts(gold.labels[ours][same], names)
    given, support = _counts(predicted.labels, names), _counts(gold.labels, names)
    labels = counted_scores(right, given, support, names)
    together = [count.sum(keepdims=True) for count in (right, given, support)]
    total = counted_scores(together[0], together[1], together[2], ["all"]).get("all", NOTHING)
    macro = float(np.mean([row["f1"] for row in labels.values()])) if labels else 0.0
    return SpanScores(total["precision"], total["recall"], total["f1"], macro, labels)


def _counts(labels: NDArray[np.str_], names: list[str]) -> NDArray[np.int64]:
    return np.bincount(np.searchsorted(names, labels), minlength=len(names)) if names else np.zeros(0, np.int64)
