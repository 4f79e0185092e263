import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.codecs import Column, Features, Labels
from seqnlp.codecs.features import join_features, sort_features, split_features
from seqnlp.codecs.labels import UNSEEN, by_decoder
from seqnlp.errors import DataError

TABLES = st.dictionaries(
    st.sampled_from(["Case", "case", "Number", "Number[psor]", "Aspect", "abbr"]),
    st.sampled_from(["Nom", "Sing", "1=2"]),
)
LABELS = st.lists(TABLES.map(join_features), max_size=12)


@given(TABLES)
def test_joined_features_are_split_again(features: dict[str, str]) -> None:
    label = join_features(features)
    assert split_features(label) == features
    assert join_features(split_features(label)) == label
    names = [part.split("=")[0].lower() for part in label.split("|")]
    assert names == sorted(names)


def test_features_are_in_the_order_of_universal_dependencies() -> None:
    assert (
        join_features({"VerbForm": "Fin", "abbr": "Yes", "Case": "_", "Mood": "Ind"})
        == "abbr=Yes|Mood=Ind|VerbForm=Fin"
    )
    assert join_features({"Case": "_"}) == join_features({}) == "_"


@given(LABELS, st.randoms(use_true_random=False))
def test_sorting_merges_labels_of_the_same_features(labels: list[str], random: "np.random.Generator") -> None:
    shuffled = []
    for label in labels:
        parts = label.split("|")
        random.shuffle(parts)
        shuffled.append("|".join(parts))
    column = sort_features(Column.from_rows([shuffled, [], shuffled[:2]]))
    assert column.codes.lengths.tolist() == [len(labels), 0, len(labels[:2])]
    assert [column.distinct[code] for code in column.codes.values] == labels + labels[:2]
    assert len(set(column.distinct)) == len(column.distinct)


@pytest.mark.parametrize("label", ["", "Case", "Case=", "=Nom", "Case=Nom|", "Case=_", "_|Case=Nom", "Case=Nom||A=b"])
def test_bad_lists_of_features_are_refused(label: str) -> None:
    with pytest.raises(DataError) as error:
        split_features(label)
    assert error.value.problem == (
        f"{label!r} is no list of features; expected one such as 'Case=Nom|Number=Sing', or '_'"
    )


def test_a_feature_has_one_value() -> None:
    with pytest.raises(DataError, match=r"^'Case=Nom\|Case=Acc' has feature 'Case' twice$"):
        split_features("Case=Nom|Case=Acc")


@given(LABELS.filter(lambda labels: set(labels) - {"_"}))
def test_labels_of_train_come_back(labels: list[str]) -> None:
    features = Features.fit(labels)
    numbers = features.encode(labels)
    assert all((values != UNSEEN).all() for values in numbers.values())
    positions, distinct = features.decode(numbers)
    assert [distinct[position] for position in positions] == labels
    assert len(set(distinct)) == len(distinct)
    assert features.unseen(labels) == []


def test_combinations_that_train_lacks_can_be_said() -> None:
    features = Features.fit(["A=X|B=Y", "_"])
    positions, distinct = features.decode({"A": np.array([0, 1]), "B": np.array([1, 0])})
    assert [distinct[position] for position in positions] == ["A=X", "B=Y"]


def test_no_words_have_no_labels() -> None:
    features = Features.fit(["A=x|B=y"])
    positions, distinct = features.decode(features.encode([]))
    assert (positions.tolist(), distinct) == ([], [])


@given(LABELS, LABELS)
def test_features_that_train_lacks_are_named(train: list[str], other: list[str]) -> None:
    def parts(labels: list[str]) -> set[str]:
        return {part for label in labels for part in label.split("|")} - {"_"}

    unseen = Features.fit(train).unseen(other)
    assert sorted(unseen) == sorted(parts(other) - parts(train))


@given(LABELS, LABELS)
def test_saved_features_are_equal(train: list[str], other: list[str]) -> None:
    features = Features.fit(train)
    again = Features.from_json(json.loads(json.dumps(features.to_json(), sort_keys=True)))
    assert again.to_json() == features.to_json()
    assert list(again.parts) == list(features.parts)
    ours, theirs = features.encode(other), again.encode(other)
    assert {name: values.tolist() for name, values in ours.items()} == {n: v.tolist() for n, v in theirs.items()}


def test_each_decoder_has_its_labels() -> None:
    labels = Labels(["a", "b"])
    assert by_decoder("upos", labels) == {"upos": labels}
    found = by_decoder("feats", Features.fit(["Case=Nom", "Case=Acc|Number=Sing"]))
    assert {name: values.names for name, values in found.items()} == {
        "feats": ["Case=Acc|Number=Sing", "Case=Nom"],
        "feats.Case": ["Acc", "Nom"],
        "feats.Number": ["Sing", "_"],
    }
