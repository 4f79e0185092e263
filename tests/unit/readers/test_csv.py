import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from seqnlp.errors import DataError
from seqnlp.readers import Csv


def load(path: Path, text: str, **settings: Any) -> list[Any]:
    path.write_text(text)
    return list(Csv(**settings).load(path))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.csv"


def test_the_header_names_the_columns(path: Path) -> None:
    assert load(path, 'a,b\n1,"x, y"\n\n2,"say ""hi"""\n') == [{"a": "1", "b": "x, y"}, {"a": "2", "b": 'say "hi"'}]


def test_names_stand_for_a_header(path: Path) -> None:
    assert load(path, "1;2\n3;4\n", names=["a", "b"], delimiter=";") == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]


@pytest.mark.parametrize("name", ["x.tsv", "x.tsv.gz"])
def test_tabs_part_the_columns_of_tsv_and_quotes_are_text(tmp_path: Path, name: str) -> None:
    assert load(tmp_path / name, 't\tl\n"hi, she said\t1\n') == [{"t": '"hi, she said', "l": "1"}]


def test_fields_may_hold_line_breaks(path: Path) -> None:
    rows = load(path, 'a,b\n"one\ntwo",2\n')
    assert rows == [{"a": "one\ntwo", "b": "2"}]
    with pytest.raises(DataError, match=r"x\.csv:4: 1 columns"):
        load(path, 'a,b\n"one\ntwo",2\n3\n')


def test_numbers_are_numbers(path: Path) -> None:
    assert load(path, "d,y\n2026,1.5\n2027,-2e3\n", numeric_columns=["y"]) == [
        {"d": "2026", "y": 1.5},
        {"d": "2027", "y": -2000.0},
    ]


@pytest.mark.parametrize(
    ("text", "settings", "problem"),
    [
        ("a,b\n1,2\n3\n", {}, ":3: 1 columns; expected 2 (a, b)"),
        ("a,b\n1,2,3\n", {}, ":2: 3 columns; expected 2 (a, b)"),
        ("a,b\n1,x\n", {"numeric_columns": ["b"]}, ":2: 'x' in the column 'b'; expected a number"),
        ("a,b\n1,\n", {"numeric_columns": ["b"]}, ":2: '' in the column 'b'; expected a number"),
        ("a,b\n1,nan\n", {"numeric_columns": ["b"]}, ":2: 'nan' in the column 'b'; expected a number"),
        ("a,b\n1,1e999\n", {"numeric_columns": ["b"]}, ":2: '1e999' in the column 'b'; expected a number"),
        ("load,b\n1,2\n", {"numeric_columns": ["laod"]}, ": no column 'laod' of numbers: did you mean 'load'?"),
        ("a,a\n1,2\n", {}, ":1: no column has a name of its own, found 'a', 'a'"),
        ("", {}, ": no header line: the file is empty"),
        ("a,b\n", {}, ": no sequences in it: the file is empty"),
        (
            'a,b\n"x"y,2\n',
            {},
            """:2: ',' expected after '"' (quotechar = '"', delimiter = ','); data.reader.quotechar = "" reads it""",
        ),
        (
            'a,b\n1,"2\n3,4\n',
            {},
            """:2: a quote that is opened here is never closed (quotechar = '"'); """
            'data.reader.quotechar = "" takes quotes as letters',
        ),
    ],
)
def test_bad_csv_is_refused_with_its_line(path: Path, text: str, settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(DataError) as caught:
        load(path, text, **settings)
    assert str(caught.value) == f"{path}{problem}"


def test_columns_that_nobody_reads_may_be_called_anything(path: Path) -> None:
    assert load(path, ",a,x,x\n0,1,2,3\n") == [{"a": "1"}]
    assert list(Csv().read_columns(path, ["a"])) == [{"a": "1"}]
    assert load(path, "1;2;3\n", names=["_", "a", "_"], delimiter=";") == [{"a": "2"}]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x,a,a\n1,2,3\n", ":1: 2 columns are called 'a'; expected one"),
        ("x,b\n1,2\n", ":1: no column 'a': there are x, b"),
        ("x,a\n1\n", ":2: 1 columns; expected 2 (x, a)"),
    ],
)
def test_columns_that_are_read_are_checked(path: Path, text: str, problem: str) -> None:
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        Csv().read_columns(path, ["a"])
    assert str(caught.value) == f"{path}{problem}"


def test_a_row_knows_its_line(path: Path) -> None:
    path.write_text('a,b\n"one\ntwo",2\n\n3,4\n')
    assert [Csv().line_of(path, row) for row in range(3)] == [3, 5, None]


@pytest.mark.parametrize("wrong", [{"delimiter": ""}, {"delimiter": "ab"}, {"quotechar": "ab"}, {"names": ["a", "a"]}])
def test_impossible_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Csv(**wrong)


CELL = st.text(st.characters(exclude_characters="\r\0", exclude_categories=["Cs"]), max_size=6)


@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=5))
def test_written_csv_is_read_back(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]) -> None:
    path = tmp_path_factory.getbasetemp() / "round.csv"
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([("a", "b"), *rows])
    assert [(row["a"], row["b"]) for row in load(path, out.getvalue())] == rows
