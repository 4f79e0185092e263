import numpy as np

from seqnlp.codecs import Column
from seqnlp.metrics import LabelPairs
from seqnlp.tasks.error_analysis import NOT_IN_TRAIN, report

WORDS = Column.from_rows([["the", "cat", "sat"], ["odd", "fish"]])
TAGS = LabelPairs(
    names=["D", "N", "V"],
    gold=np.array([0, 1, 2, -1, 1]),
    predicted=np.array([0, 2, 2, 1, 2]),
    confidence=np.array([0.95, 0.6, 0.9, 0.4, 0.8], np.float32),
    rows=np.array([0, 0, 0, 1, 1]),
    steps=np.array([0, 1, 2, 0, 1]),
    known=np.array([True, True, True, False, False]),
)


def test_every_count_of_a_small_example() -> None:
    found = report(TAGS, WORDS, confusions=10, examples=1)
    assert (found.items, found.accuracy) == (5, 0.4)
    assert found.labels == ["D", "N", "V"]
    assert found.rows == ["D", "N", "V", NOT_IN_TRAIN]
    assert found.matrix == [[1, 0, 0], [0, 0, 2], [0, 0, 1], [0, 1, 0]]
    assert found.words == {"known": {"count": 3, "accuracy": 2 / 3}, "unknown": {"count": 2, "accuracy": 0.0}}
    assert sum(row["count"] for row in found.reliability) == 5


def test_confusions_come_with_the_mistakes_that_the_model_was_surest_of() -> None:
    first, second = report(TAGS, WORDS, confusions=10, examples=1).confusions
    assert (first.gold, first.predicted, first.count) == ("N", "V", 2)
    (mistake,) = first.mistakes
    assert (mistake.tokens, mistake.place) == (["odd", "fish"], 1)
    assert (second.gold, second.predicted, second.count) == (NOT_IN_TRAIN, "N", 1)
    assert second.mistakes[0].tokens[second.mistakes[0].place or 0] == "odd"
    assert len(report(TAGS, WORDS, confusions=1, examples=2).confusions) == 1


def test_labels_of_whole_texts_have_no_place_and_no_words() -> None:
    texts = LabelPairs(["bad", "good"], np.array([0, 1]), np.array([0, 0]), np.array([0.7, 0.6]), np.arange(2))
    found = report(texts, WORDS, confusions=5, examples=5)
    assert found.rows == ["bad", "good"]
    assert found.words is None
    assert found.confusions[0].mistakes[0].place is None
    assert found.confusions[0].mistakes[0].tokens == ["odd", "fish"]
