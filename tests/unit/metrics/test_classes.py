import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.metrics import class_scores, multilabel_scores
from seqnlp.metrics.labels import confusion_matrix, frequent_confusions

NAMES = ["a", "b", "c"]


def f1(right: int, given_: int, wanted: int) -> float:
    return 2 * right / (given_ + wanted) if given_ + wanted else 0.0


@given(st.lists(st.integers(-1, 2), min_size=1, max_size=20), st.integers(0, 100))
def test_one_class_each(gold: list[int], seed: int) -> None:
    scores = np.random.default_rng(seed).dirichlet([1, 1, 1], len(gold))
    predicted = [max(range(3), key=lambda n: row[n]) for row in scores]
    found = class_scores(np.array(gold), scores, NAMES)
    pairs = list(zip(gold, predicted, strict=True))
    assert found["accuracy"] == pytest.approx(sum(g == p for g, p in pairs) / len(gold))
    used = [n for n in range(3) if n in gold or n in predicted]
    each = [f1(pairs.count((n, n)), predicted.count(n), gold.count(n)) for n in used]
    assert found["macro_f1"] == pytest.approx(sum(each) / len(each))
    known = [-math.log(row[g]) for row, g in zip(scores, gold, strict=True) if g >= 0]
    assert found["log_loss"] == pytest.approx(sum(known) / len(known) if known else 0.0)
    assert list(found["labels"]) == [NAMES[n] for n in used]


@given(st.integers(1, 12), st.integers(0, 100))
def test_several_labels(items: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    gold, scores = random.integers(0, 2, (items, 3)), random.random((items, 3))
    unseen = random.integers(0, 2, items)
    found = multilabel_scores(gold, scores, NAMES, unseen)
    predicted = scores > 0.5
    right = int((gold & predicted).sum())
    assert found["micro_f1"] == pytest.approx(f1(right, int(predicted.sum()), int(gold.sum() + unseen.sum())))
    exact = [list(g) == list(p) and not u for g, p, u in zip(gold, predicted, unseen, strict=True)]
    assert found["exact_match"] == pytest.approx(sum(exact) / items)
    cost = [-math.log(s if g else 1 - s) for g, s in zip(gold.ravel(), scores.ravel(), strict=True)]
    assert found["log_loss"] == pytest.approx(sum(cost) / len(cost))
    for n, name in enumerate(NAMES):
        if gold[:, n].any() or predicted[:, n].any():
            both = int((gold[:, n] & predicted[:, n]).sum())
            assert found["labels"][name]["f1"] == pytest.approx(
                f1(both, int(predicted[:, n].sum()), int(gold[:, n].sum()))
            )
        else:
            assert name not in found["labels"]


def test_one_sure_mistake_is_not_infinitely_bad() -> None:
    assert class_scores(np.array([0]), np.array([[0.0, 1.0]]), ["a", "b"])["log_loss"] < 30


@given(st.lists(st.tuples(st.integers(-1, 2), st.integers(0, 2)), max_size=30))
def test_the_matrix_counts_pairs(pairs: list[tuple[int, int]]) -> None:
    gold, predicted = np.array([g for g, _ in pairs], np.int64), np.array([p for _, p in pairs], np.int64)
    matrix = confusion_matrix(gold, predicted, 3)
    for g in (-1, 0, 1, 2):
        for p in range(3):
            assert matrix[g, p] == pairs.count((g, p))
    mistakes = frequent_confusions(matrix, 4)
    assert [count for *_, count in mistakes] == sorted((count for *_, count in mistakes), reverse=True)
    assert all(count == matrix[g, p] > 0 and g != p for g, p, count in mistakes)
    wrong = {(g, p) for g, p in pairs if g != p}
    assert len(mistakes) == min(4, len(wrong))
