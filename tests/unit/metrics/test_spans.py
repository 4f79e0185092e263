import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.codecs.spans import Spans
from seqnlp.metrics import span_scores

LAYOUT = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 2), st.sampled_from("XYZ")), max_size=8)
"""Spans as the gap before each, its length and its label."""


def spans(layout: list[tuple[int, int, str]]) -> Spans:
    starts, ends, place = [], [], 0
    for gap, length, _ in layout:
        starts.append(place + gap)
        ends.append(place := place + gap + length)
    labels = np.array([label for _, _, label in layout], np.str_)
    return Spans(np.array(starts, np.int64), np.array(ends, np.int64), labels)


def as_set(found: Spans) -> set[tuple[int, int, str]]:
    return set(zip(found.starts.tolist(), found.ends.tolist(), found.labels.tolist(), strict=True))


def ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


@given(LAYOUT, LAYOUT)
def test_scores_are_those_of_sets_of_spans(
    gold_layout: list[tuple[int, int, str]], layout: list[tuple[int, int, str]]
) -> None:
    gold, predicted = spans(gold_layout), spans(layout)
    found = span_scores(gold, predicted)
    a, b = as_set(gold), as_set(predicted)
    assert found.precision == ratio(len(a & b), len(b))
    assert found.recall == ratio(len(a & b), len(a))
    assert found.f1 == ratio(2 * len(a & b), len(a) + len(b))
    assert set(found.labels) == {label for _, _, label in a | b}
    for label, row in found.labels.items():
        mine, theirs = ({span for span in each if span[2] == label} for each in (a, b))
        assert row["support"] == len(mine)
        assert row["precision"] == ratio(len(mine & theirs), len(theirs))
        assert row["recall"] == ratio(len(mine & theirs), len(mine))
        assert row["f1"] == ratio(2 * len(mine & theirs), len(mine) + len(theirs))
    macro = ratio(sum(row["f1"] for row in found.labels.values()), len(found.labels))
    assert found.macro_f1 == pytest.approx(macro)


def test_a_span_with_another_end_or_label_is_wrong() -> None:
    gold = spans([(0, 2, "X"), (1, 1, "Y"), (0, 1, "X")])
    predicted = spans([(0, 1, "X"), (2, 1, "X"), (0, 1, "X")])
    found = span_scores(gold, predicted)
    assert (found.precision, found.recall) == (1 / 3, 1 / 3)
