import json

from hypothesis import given
from hypothesis import strategies as st

from seqnlp.codecs import Labels
from seqnlp.codecs.labels import UNSEEN

LABELS = st.lists(st.text(max_size=6), max_size=20)


@given(LABELS)
def test_labels_of_train_come_back(names: list[str]) -> None:
    labels = Labels.fit(names)
    assert labels.decode(labels.encode(names)) == names
    assert labels.names == sorted(set(names))
    assert len(labels) == len(set(names))


@given(LABELS, LABELS)
def test_a_new_label_has_no_number(train: list[str], other: list[str]) -> None:
    numbers = Labels.fit(train).encode(other)
    assert [number == UNSEEN for number in numbers] == [name not in train for name in other]


@given(LABELS, LABELS)
def test_saved_labels_are_equal(train: list[str], other: list[str]) -> None:
    labels = Labels.fit(train)
    again = Labels.from_json(json.loads(json.dumps(labels.to_json())))
    assert again.names == labels.names
    assert again.encode(train + other).tolist() == labels.encode(train + other).tolist()
