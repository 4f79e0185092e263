"""The same labels whatever type or file they are in, and notes about labels that look wrong."""

import json
from pathlib import Path
from typing import Any

import pytest
from datasets import ClassLabel, Dataset, Features, List, Value

from seqnlp.codecs import Labels
from seqnlp.codecs.label_columns import joined_labels, label_column, label_notes
from seqnlp.errors import DataError
from seqnlp.readers import Csv, Hub, Jsonl
from seqnlp.readers.empties import FILLED


@pytest.mark.parametrize(
    ("cells", "names"),
    [
        ([1, 0, 1], ["1", "0"]),
        ([-1, 10, 7], ["-1", "10", "7"]),
        ([True, False], ["True", "False"]),
        ([1.0, 0.0, 1.0], ["1", "0"]),
        (["1.0", "1", "0.0"], ["1", "0"]),
        (["1.0", "2.5"], ["1.0", "2.5"]),
        (["1.0", "one"], ["1.0", "one"]),
        (["p", "n"], ["p", "n"]),
        ([[1, 2], [], [2]], ["1", "2"]),
        ([[1.0], [0.0]], ["1", "0"]),
        ([["a", "b"], ["a"]], ["a", "b"]),
    ],
)
def test_names_of_labels(cells: list[Any], names: list[str]) -> None:
    column = label_column(Dataset.from_dict({"label": cells}), "label")
    assert column.distinct == names
    assert column.codes.lengths.tolist() == [len(cell) if isinstance(cell, list) else 1 for cell in cells]


def test_numbers_with_a_fraction_are_no_classes() -> None:
    with pytest.raises(
        DataError, match=r"column 'label' holds 0\.5; expected classes: text, whole numbers or booleans"
    ):
        label_column(Dataset.from_dict({"label": [1.0, 0.5]}), "label")


@pytest.mark.parametrize("cells", [[1, 0, 1], [True, False, True], ["x", "y", "x"], [1.0, 0.0, 1.0]])
def test_every_reader_gives_the_same_labels(tmp_path: Path, cells: list[Any]) -> None:
    (tmp_path / "x.csv").write_text("label\n" + "".join(f"{cell}\n" for cell in cells))
    (tmp_path / "x.jsonl").write_text("".join(json.dumps({"label": cell}) + "\n" for cell in cells))
    Dataset.from_dict({"label": cells}).to_parquet(tmp_path / "x.parquet")
    tables = [
        Csv().load(tmp_path / "x.csv", {"label": FILLED}),
        Jsonl().load(tmp_path / "x.jsonl", {"label": FILLED}),
        Hub(path=str(tmp_path / "x.parquet")).load("train", {"label": FILLED}),
    ]
    rows = [label_column(table, "label").rows() for table in tables]
    assert rows[0] == rows[1] == rows[2]


def test_class_labels_are_their_names(tmp_path: Path) -> None:
    features = Features(
        {
            "label": ClassLabel(names=["no", "yes"]),
            "tags": List(ClassLabel(names=["O", "B"])),
            "odd": {"a": Value("int8")},
        }
    )
    Dataset.from_dict({"label": [1, 0, -1], "tags": [[0], [1], [0]], "odd": [{"a": 1}] * 3}, features).to_parquet(
        tmp_path / "x.parquet"
    )
    table = Hub(path=str(tmp_path / "x.parquet")).load("train", {"label": FILLED, "tags": FILLED})
    assert label_column(table, "label").rows() == [["yes"], ["no"]]
    assert label_column(table, "tags").rows() == [["O"], ["B"]]


def test_the_spelling_of_another_program_is_the_same_label() -> None:
    labels = Labels(["0", "1"])
    assert labels.encode(["1.0", "0", "1.5", "01"]).tolist() == [1, 0, -1, -1]
    assert Labels(["0.0", "1.0"]).encode(["1", "0.0"]).tolist() == [1, 0]
    assert Labels(["False", "True"]).encode(["true", "FALSE", "False", "yes"]).tolist() == [1, 0, 0, -1]
    assert Labels(["True", "true"]).encode(["true", "True", "TRUE"]).tolist() == [1, 0, 0]
    assert labels.unseen(["1.0", "2"]) == ["2"]


@pytest.mark.parametrize(
    ("labels", "notes"),
    [
        (["pos", "neg"], []),
        (["pos ", "pos", "neg"], ["'pos ' and 'pos' differ in blanks alone, and are different classes"]),
        ([" pos", "neg"], ["' pos': blanks around a label"]),
        (["Pos", "pos", "neg"], ["'Pos' and 'pos' differ in case alone, and are different classes"]),
        (["nan", "a"], ["'nan' looks like a missing value, and is a class"]),
        (["none", "a"], []),
        (["po\u200bs", "a"], ["'po\\u200bs': invisible characters in a label"]),
        (["1.0", "0.0"], ["labels such as '1.0', '0.0' are taken for whole numbers"]),
    ],
)
def test_labels_that_look_wrong(labels: list[str], notes: list[str]) -> None:
    assert list(label_notes(labels)) == notes


@pytest.mark.parametrize(
    ("labels", "joined"),
    [
        (["billing", "tech", "billing|tech"], ["billing|tech"]),
        (["billing", "billing;refund"], ["billing;refund"]),
        (["a|b", "b|c"], ["a|b", "b|c"]),
        (["a, b", "a", "b"], ["a, b"]),
        (["Washington, D.C.", "Washington"], []),
        (["['a', 'b']", "c"], ["['a', 'b']"]),
        (["a;b", "c"], []),
        (["x", "y"], []),
    ],
)
def test_labels_that_look_like_lists(labels: list[str], joined: list[str]) -> None:
    assert joined_labels(labels) == joined
