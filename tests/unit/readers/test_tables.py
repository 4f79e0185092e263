"""Tables given in Python: one content is one table, whatever holds it; what is wrong is named by row and column."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from seqnlp.errors import DataError, UsageError
from seqnlp.notes import notes_to
from seqnlp.readers import Memory, tables
from seqnlp.readers.base import content_hash
from seqnlp.readers.empties import FILLED
from seqnlp.readers.tables import GivenTable, given_data, given_splits

ROWS = [{"text": f"row {number}", "label": "ab"[number % 2], "number": number} for number in range(7)]
COLUMNS = {name: [row[name] for row in ROWS] for name in ROWS[0]}


class Exporter:
    """A table of another library, which is known by its Arrow interface alone; polars' text is of this type."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table.set_column(0, "text", table.column("text").cast(pa.string_view()))

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)


def with_class_labels() -> datasets.Dataset:
    rows = [{**row, "label": "ba".index(str(row["label"]))} for row in ROWS]
    return datasets.Dataset.from_list(
        rows,
        datasets.Features(
            {
                "text": datasets.Value("string"),
                "label": datasets.ClassLabel(names=["b", "a"]),
                "number": datasets.Value("int32"),
            }
        ),
    )


SAME: dict[str, Callable[[], Any]] = {
    "dataset": lambda: datasets.Dataset.from_list(ROWS),
    "class labels": with_class_labels,
    "rows of a dataset": lambda: datasets.Dataset.from_list([*ROWS[::-1]]).select(range(6, -1, -1)),
    "numpy format": lambda: datasets.Dataset.from_list(ROWS).with_format("numpy"),
    "stream": lambda: with_class_labels().to_iterable_dataset(),
    "data frame": lambda: pd.DataFrame(ROWS, index=range(5, 12)),
    "categories": lambda: pd.DataFrame(ROWS).astype({"label": "category", "number": "int16"}),
    "objects": lambda: pd.DataFrame(ROWS).astype(object),
    "columns": lambda: COLUMNS,
    "arrays": lambda: {name: np.array(cells) for name, cells in COLUMNS.items()},
    "series": lambda: {name: pd.Series(cells) for name, cells in COLUMNS.items()},
    "rows": lambda: ROWS,
    "generator": lambda: (row for row in ROWS),
    "arrow": lambda: pa.Table.from_pylist(ROWS),
    "batches": lambda: pa.Table.from_pylist(ROWS).to_reader(max_chunksize=2),
    "another library": lambda: Exporter(pa.Table.from_pylist(ROWS)),
}


@pytest.mark.parametrize("name", SAME)
def test_the_same_content_is_the_same_table(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "AT_ONCE", 2)
    table = GivenTable("train", SAME[name]()).read(["label", "text", "number"])
    assert table.to_list() == [{key: row[key] for key in ("label", "text", "number")} for row in ROWS]
    assert content_hash(table) == content_hash(GivenTable("train", ROWS).read(["label", "text", "number"]))


def test_lists_of_class_labels_become_names() -> None:
    tags = datasets.List(datasets.ClassLabel(names=["O", "B"]))
    features = datasets.Features({"tags": tags, "words": datasets.List(datasets.Value("string"))})
    whole = datasets.Dataset.from_list([{"tags": [0, 1], "words": ["a", "b"]}], features)
    for given in (whole, whole.to_iterable_dataset(), whole.data.table):
        assert GivenTable("train", given).read(["tags"]).to_list() == [{"tags": ["O", "B"]}]


def test_only_the_columns_that_are_needed_are_looked_at() -> None:
    rows = [{**row, "junk": {number}, "odd": number if number else "x"} for number, row in enumerate(ROWS)]
    frame = pd.DataFrame(rows)
    for given in (rows, iter(rows), frame, dict(frame)):
        assert GivenTable("train", given).read(["text"]).column_names == ["text"]
    heard: list[str] = []
    with notes_to(heard.append):
        assert GivenTable("train", rows).read().column_names == ["text", "label", "number"]
    assert [line.split(":")[0] for line in heard] == ["train row 1, column 'junk'", "train row 2, column 'odd'"]


def test_types_of_a_stream_grow_wider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "AT_ONCE", 2)
    values = [None, None, 1, 2, 2.5, None, 3]
    table = GivenTable("train", ({"x": value, "words": [] if value is None else ["a"]} for value in values)).read(
        ["x", "words"]
    )
    assert table["x"][:] == values
    assert table.features["x"].dtype == "float64"
    assert table["words"][:4] == [[], [], ["a"], ["a"]]


def test_a_stream_is_read_once_and_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    table = GivenTable("train", iter(ROWS))
    assert table.read(["text"]) is table.read(["text"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (pa.large_list(pa.large_string()), pa.list_(pa.string())),
        (pa.list_(pa.string_view()), pa.list_(pa.string())),
        (pa.list_(pa.string(), 1), pa.list_(pa.string())),
        (pa.list_(pa.dictionary(pa.int32(), pa.string())), pa.list_(pa.string())),
    ],
)
def test_lists_of_other_libraries_are_lists(kind: Any, expected: Any) -> None:
    table = GivenTable("train", pa.table({"words": pa.array([["a"], ["b"]], kind)})).read(["words"])
    assert table.data.schema.field("words").type == expected
    assert table["words"][:] == [["a"], ["b"]]


def test_a_language_of_translations_is_a_column() -> None:
    rows = [{"id": 1, "translation": {"en": "yes", "fr": "oui"}}]
    for given in (rows, iter(rows), datasets.Dataset.from_list(rows), pd.DataFrame(rows)):
        assert GivenTable("train", given).read(["fr", "en"]).to_list() == [{"fr": "oui", "en": "yes"}]


def numbers() -> Iterator[dict[str, Any]]:
    yield from ({"text": "a"}, {"text": "b"}, {"text": 3})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            "train.csv",
            "train: str given; expected a Dataset, a DataFrame, columns by name, or rows as dicts; a file is",
        ),
        (Path("train.csv"), "Path given; expected"),
        (numbers, "train: a function given; expected .*; call it, if it makes rows"),
        (7, "train: int 7 given; expected a Dataset.*; a share or number of rows of train is drawn by .* data.train=7"),
        (object(), "train: object given; expected a Dataset"),
        ([], "train: no rows in it"),
        (iter(()), "train: no rows in it"),
        (pd.DataFrame({"text": []}), "train: no rows in it"),
        (["a", "b"], "train row 1: str 'a'; expected a dict"),
        ([{"text": "a"}, ("b",)], "train row 2: tuple .*; expected a dict"),
        ([{3: "a"}], "train row 1: a column is called 3; expected text"),
        ([{"txt": "a"}], "train: no row has the column 'text': did you mean 'txt'?"),
        ({"txt": ["a"]}, "train: no column 'text': did you mean 'txt'?"),
        (pd.DataFrame({"txt": ["a"]}), "train: no column 'text': did you mean 'txt'?"),
        (datasets.Dataset.from_dict({"txt": ["a"]}), "train: no column 'text': did you mean 'txt'?"),
        (numbers(), "train row 3, column 'text': int 3; expected text, as before"),
        ([{"text": "a"}, {"text": True}], "train row 2, column 'text': bool True; expected text, as before"),
        ([{"text": ["a"]}, {"text": "b"}], "train row 2, column 'text': str 'b'; expected lists of text, as before"),
        ([{"text": {"a"}}], "train row 1, column 'text': set .*; expected text, numbers"),
        ([{"text": object()}], "train row 1, column 'text': object .*; expected text, numbers"),
        ([{"text": "a\ud800"}], "train row 1, column 'text': half of a surrogate pair"),
        ({"text": ["a", 3]}, "train row 2, column 'text': int 3; expected text, as before"),
        (pd.DataFrame({"text": ["a", 3]}), "train row 2, column 'text': int 3; expected text, as before"),
        ({"text": "a"}, "train: column 'text' is str 'a'; expected its cells"),
        (pd.DataFrame([["a", "b"]], columns=["text", "text"]), "train: two columns are called 'text'"),
        (datasets.Dataset.from_list(ROWS).with_transform(dict), "train: it has a transform .*; `map` makes"),
    ],
)
def test_anything_else_is_refused(given: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        GivenTable("train", given).read(["text"])


def test_columns_have_one_length() -> None:
    with pytest.raises(DataError, match="train: 1 cells in 'label', 2 in 'text'"):
        GivenTable("train", {"text": ["a", "b"], "label": ["x"]}).read()


def test_names_of_splits() -> None:
    assert list(given_splits(ROWS)) == list(given_splits(COLUMNS)) == ["train"]
    splits = given_splits(
        datasets.DatasetDict(train=datasets.Dataset.from_list(ROWS), validation=datasets.Dataset.from_list(ROWS))
    )
    assert list(splits) == ["train", "dev"]
    assert given_splits(splits) == splits
    assert list(given_data(ROWS)) == list(given_data(COLUMNS)) == ["data"]
    assert list(given_data({"test": ROWS})) == ["test"]
    heard: list[str] = []
    with notes_to(heard.append):
        assert list(given_splits({"train": ROWS, "dev": None, "unsupervised": ROWS})) == ["train"]
    assert heard == ["data: the split 'unsupervised' is not used"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"trian": pd.DataFrame(ROWS)}, "there is no split 'trian'; did you mean 'train'?"),
        ({"dev": ROWS}, "there is no train split; it has dev"),
        ({}, "there is no train split; it has none"),
        ({"a": {"text": []}}, "there is no split 'a'; expected splits: data="),
        ({"train": ROWS, "dev": ROWS, "validation": ROWS}, "'validation' is dev, which is there already"),
    ],
)
def test_splits_that_are_none(data: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        given_splits(data)


def test_a_reader_of_memory(tmp_path: Path) -> None:
    rows = [*ROWS, {"label": "a"}, {"text": " ", "label": "a"}, {"text": float("nan"), "label": "a"}]
    reader = Memory(columns={"review": "text"}).holding({"train": GivenTable("train", rows)})
    heard: list[str] = []
    with notes_to(heard.append):
        table = reader.load(reader.locate("memory:train", Path), {"review": FILLED})
    assert table["review"][:] == COLUMNS["text"]
    assert heard == ["train row 8: 'review' is empty; left out 3 of 10 rows for that"]
    with pytest.raises(
        DataError, match=r"dev: its rows are not in a file; given: train; give them in Python: seqnlp.train"
    ):
        reader.load("memory:dev")
    file = tmp_path / "test.csv"
    file.write_text("text\nfrom a file\n\n")
    assert reader.load(reader.locate(str(file), Path), {"review": FILLED})["review"][:] == ["from a file"]
    assert reader.files(file) == [file]
    assert reader.files("memory:train") == []
    assert Memory.model_validate(reader.model_dump(exclude_none=True)).columns == {"review": "text"}
