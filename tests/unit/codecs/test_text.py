import pyarrow as pa
import pytest
from datasets import Dataset, Features, LargeList, List, Value, concatenate_datasets
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.codecs import Column
from seqnlp.errors import DataError

ROWS = st.lists(st.lists(st.text(max_size=4), max_size=5), max_size=8)
TEXTS = Features({"form": List(Value("string")), "other": Value("int64")})


def table(rows: list[list[str]]) -> Dataset:
    return Dataset.from_dict({"form": rows, "other": list(range(len(rows)))}, features=TEXTS)


def rows_of(column: Column) -> list[list[str]]:
    assert len(set(column.distinct)) == len(column.distinct)
    return [[column.distinct[code] for code in row] for row in column.codes]


def in_order_of_appearance(rows: list[list[str]]) -> list[str]:
    return list(dict.fromkeys(word for row in rows for word in row))


@given(ROWS)
def test_a_dataset_equals_python_lists(rows: list[list[str]]) -> None:
    column = Column.from_dataset(table(rows), "form")
    assert rows_of(column) == rows
    assert column.distinct == in_order_of_appearance(rows)


@given(ROWS)
def test_python_lists_come_back(rows: list[list[str]]) -> None:
    column = Column.from_rows(rows)
    assert rows_of(column) == rows
    assert column.distinct == in_order_of_appearance(rows)


@given(ROWS, st.data())
def test_a_selection_in_any_order(rows: list[list[str]], data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=10)) if rows else []
    column = Column.from_dataset(table(rows).select(chosen), "form")
    assert rows_of(column) == [rows[row] for row in chosen]
    assert column.distinct == in_order_of_appearance([rows[row] for row in chosen])


@given(ROWS, st.data())
def test_a_slice(rows: list[list[str]], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, max(0, len(rows) - 1)))
    end = data.draw(st.integers(start, len(rows)))
    assert rows_of(Column.from_dataset(table(rows).select(range(start, end)), "form")) == rows[start:end]
    sliced = Dataset(table(rows).data.table.slice(start, end - start), fingerprint="sliced")
    assert rows_of(Column.from_dataset(sliced, "form")) == rows[start:end]


@given(ROWS, ROWS, ROWS)
def test_a_table_in_pieces(first: list[list[str]], second: list[list[str]], third: list[list[str]]) -> None:
    joined = concatenate_datasets([table(rows) for rows in (first, second, third)])
    expected = first + second + third
    column = Column.from_dataset(joined, "form")
    assert rows_of(column) == expected
    assert column.distinct == in_order_of_appearance(expected)


@given(st.lists(st.text(max_size=4), max_size=8))
def test_single_strings_are_rows_of_one(texts: list[str]) -> None:
    dataset = Dataset.from_dict({"label": texts}, features=Features({"label": Value("string")}))
    assert rows_of(Column.from_dataset(dataset, "label")) == [[text] for text in texts]


def test_large_arrow_types() -> None:
    features = Features({"form": LargeList(Value("large_string"))})
    dataset = Dataset.from_dict({"form": [["a", "b"], [], ["a"]]}, features=features)
    assert rows_of(Column.from_dataset(dataset, "form")) == [["a", "b"], [], ["a"]]


@given(ROWS)
def test_counts(rows: list[list[str]]) -> None:
    words = [word for row in rows for word in row]
    assert Column.from_rows(rows).counts() == {word: words.count(word) for word in words}


def test_a_missing_column_is_named_with_those_that_are_there() -> None:
    with pytest.raises(DataError, match="no column 'xpos'; its columns are form, other"):
        Column.from_dataset(table([["a"]]), "xpos")


@pytest.mark.parametrize(
    ("values", "kind"),
    [([1, 2], "int64"), ([[1], [2]], "int64"), ([[["a"]], [["b"]]], "list<item: string>"), ([[], []], "null")],
)
def test_column_refuses_what_is_no_text(values: list[object], kind: str) -> None:
    with pytest.raises(DataError, match=f"column 'form' holds {kind}; expected text or lists of text"):
        Column.from_dataset(Dataset.from_dict({"form": values}), "form")


@pytest.mark.parametrize(
    "values", [pa.array(["a", None]), pa.array([["a"], None, ["b"]]), pa.array([["a"], ["b", None]])]
)
def test_an_empty_place(values: pa.Array) -> None:
    with pytest.raises(DataError, match=r"column 'form' has empty places \(null\); expected text in all of them"):
        Column.from_dataset(Dataset(pa.table({"form": values})), "form")
