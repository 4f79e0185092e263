"""Scores of each feature of labels such as `Case=Nom|Number=Sing`."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqnlp.codecs import Column
from seqnlp.codecs.features import feature_order, split_features
from seqnlp.codecs.labels import NOTHING
from seqnlp.errors import DataError
from seqnlp.metrics.labels import LabelScores, counted_scores, label_scores

Values = tuple[list[str], NDArray[np.int64], NDArray[np.int64]]
"""Values of a feature, `_` among them; gold and predicted one of every word, as their numbers."""


def feature_values(gold: Column, predicted: Column) -> dict[str, Values] | None:
    """Divide two columns of labels into their features.

    Features are in the order of Universal Dependencies. None if these are no lists of features, or all without any.
    """
    try:
        ours, theirs = (list(map(split_features, column.distinct)) for column in (gold, predicted))
    except DataError:
        return None
    names = sorted({name for table in (*ours, *theirs) for name in table}, key=feature_order)
    found = {}
    for name in names:
        values = sorted({NOTHING, *(table.get(name, NOTHING) for table in (*ours, *theirs))})
        number = {value: place for place, value in enumerate(values)}
        own, other = (
            column.numbered(np.array([number[table.get(name, NOTHING)] for table in tables], np.int64)).values
            for column, tables in ((gold, ours), (predicted, theirs))
        )
        found[name] = values, own, other
    return found or None


def feature_scores(features: dict[str, Values]) -> tuple[LabelScores, dict[str, LabelScores]]:
    """Score each feature, and each of its values.

    Returns:
        A row for each feature, in which a prediction is right if its value is; and for each feature a table with a
        row for each value that occurs.
    """
    whole: LabelScores = {}
    values: dict[str, LabelScores] = {}
    for name, (names, gold, predicted) in features.items():
        table = label_scores(gold, predicted, names)
        values[name] = {value: row for value, row in table.items() if value != NOTHING}
        there, given = gold != names.index(NOTHING), predicted != names.index(NOTHING)
        counts = [_total(each) for each in (there & (gold == predicted), given, there)]
        whole |= counted_scores(counts[0], counts[1], counts[2], [name])
    return whole, values


def _total(mask: NDArray[np.bool_]) -> NDArray[Any]:
    return np.array([mask.sum()])
