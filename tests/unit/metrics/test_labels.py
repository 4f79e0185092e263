import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.metrics import accuracy, label_scores

NAMES = ["A", "B", "C", "D"]
PAIRS = st.lists(st.tuples(st.integers(-1, 3), st.integers(0, 3)), max_size=30)


@given(st.lists(st.booleans()))
def test_accuracy_is_the_share_that_is_right(right: list[bool]) -> None:
    expected = sum(right) / len(right) if right else 0.0
    assert accuracy(np.array(right, bool)) == pytest.approx(expected)


@given(PAIRS)
def test_each_label_is_scored_on_its_own(pairs: list[tuple[int, int]]) -> None:
    gold, predicted = (np.array([pair[side] for pair in pairs], np.int64) for side in (0, 1))
    scores = label_scores(gold, predicted, NAMES)
    seen = {label for pair in pairs for label in pair if label >= 0}
    assert list(scores) == [name for number, name in enumerate(NAMES) if number in seen]
    for number in seen:
        true_positives = sum(g == p == number for g, p in pairs)
        false_positives = sum(g != number and p == number for g, p in pairs)
        false_negatives = sum(g == number and p != number for g, p in pairs)
        precision = true_positives / max(true_positives + false_positives, 1)
        recall = true_positives / max(true_positives + false_negatives, 1)
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        assert scores[NAMES[number]] == pytest.approx(
            {"precision": precision, "recall": recall, "f1": f1, "support": true_positives + false_negatives}
        )


def test_an_example_by_hand() -> None:
    scores = label_scores(np.array([0, 0, 0, 1, -1]), np.array([0, 0, 1, 1, 1]), ["N", "V", "never"])
    assert scores == {
        "N": {"precision": 1.0, "recall": 2 / 3, "f1": 0.8, "support": 3},
        "V": {"precision": 1 / 3, "recall": 1.0, "f1": 0.5, "support": 1},
    }
