import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.errors import DataError
from seqnlp.notes import notes_to
from seqnlp.readers import Jsonl


def load(path: Path, *lines: str) -> Any:
    path.write_text("\n".join(lines))
    return Jsonl().load(path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.jsonl"


def test_keys_are_columns(path: Path) -> None:
    table = load(
        path,
        '{"t": "a", "w": ["b", "c"], "n": 1, "x": 2.5, "s": [1, 2.5]}',
        "",
        '{"w": [], "t": "", "s": [], "n": -3, "x": 1}',
    )
    assert list(table) == [
        {"t": "a", "w": ["b", "c"], "n": 1, "x": 2.5, "s": [1.0, 2.5]},
        {"t": "", "w": [], "n": -3, "x": 1.0, "s": []},
    ]
    assert [table.features[name].dtype for name in "tnx"] == ["string", "int64", "float64"]


def test_an_empty_list_waits_for_its_kind(path: Path) -> None:
    assert load(path, '{"w": [], "s": []}', '{"w": ["a"], "s": [1]}')[1] == {"w": ["a"], "s": [1.0]}
    assert load(path, '{"w": []}')[0] == {"w": []}


def test_null_and_a_missing_key_are_empty(path: Path) -> None:
    lines = ['{"a": null, "b": [null, "x"]}', '{"b": ["y"], "a": true}', '{"b": null}']
    table = load(path, *lines)
    assert list(table) == [{"a": None, "b": [None, "x"]}, {"a": True, "b": ["y"]}, {"a": None, "b": None}]


def test_keys_that_nobody_reads_may_hold_anything(path: Path) -> None:
    lines = ['{"a": "x", "meta": {"b": 1}, "n": 1, "m": 1}', '{"a": "y", "n": "two", "m": 1.5, "more": []}']
    notes: list[str] = []
    with notes_to(notes.append):
        assert list(load(path, *lines)) == [{"a": "x", "m": 1.0, "more": None}, {"a": "y", "m": 1.5, "more": []}]
    assert notes == [f"{path}: not read: meta, n, where there is more than text or numbers of one kind"]
    assert list(Jsonl().read_columns(path, ["a"])) == [{"a": "x"}, {"a": "y"}]


def test_a_row_knows_its_line(path: Path) -> None:
    load(path, '{"a": 1}', "", '{"a": 2}')
    assert [Jsonl().line_of(path, row) for row in range(3)] == [1, 3, None]


def test_whole_numbers_may_have_a_fraction_of_zero(path: Path) -> None:
    assert load(path, '{"a": 1}', '{"a": 2.0}')["a"] == [1.0, 2.0]
    assert list(Jsonl().read_columns(path, ["a"])) == [{"a": 1}, {"a": 2}]


KINDS = "a string, a list of strings, true or false, a whole number, a number, a list of numbers"


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (['{"a": "x"}', "{'a': 1}"], ":2: this is not JSON: Expecting property name"),
        (['{"a": "x"}', '{"a": "x"'], ":2: this is not JSON: Expecting ',' delimiter"),
        (['{"a": NaN}'], ":1: this is not JSON: NaN is not a number"),
        (['{"a": "\\ud800"}'], ":1: this is not JSON: 'utf-8' codec can't encode"),
        (["[1, 2]"], ":1: [1, 2] is not an object with keys"),
        (["{}"], ":1: {} is not an object with keys"),
        (['{"b": "x"}', '{"b": "x", "c": "y"}'], ": no line has the key 'a': there are b, c"),
        (['{"a": 1}', '{"a": true}'], ":2: 'a' is true; expected a whole number as before"),
        (['{"a": {"b": 1}}'], f":1: 'a' is {{\"b\": 1}}; expected {KINDS}"),
        (['{"a": ["x", 1]}'], f":1: 'a' is [\"x\", 1]; expected {KINDS}"),
        (['{"a": 1e999}'], f":1: 'a' is Infinity; expected {KINDS}"),
        (['{"a": "x"}', '{"a": 1}'], ":2: 'a' is 1; expected a string as before"),
        (['{"a": 1}', '{"a": 1.5}'], ":2: 'a' is 1.5; expected a whole number as before"),
        (['{"a": ["x"]}', '{"a": "x"}'], ":2: 'a' is \"x\"; expected a list of strings as before"),
        (["[" * 100_000], ":1: too many nested lists"),
    ],
)
def test_bad_jsonl_is_refused_with_its_line(path: Path, lines: list[str], problem: str) -> None:
    path.write_text("\n".join(lines))
    with pytest.raises(DataError) as caught:
        Jsonl().read_columns(path, ["a"])
    assert str(caught.value).startswith(f"{path}{problem}")


ROW = st.fixed_dictionaries(
    {
        "text": st.text(),
        "words": st.lists(st.text(), max_size=3),
        "whole": st.integers(-(2**63), 2**63 - 1),
        "number": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**70), 2**70),
        "numbers": st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=3),
    }
)


@given(st.lists(ROW, min_size=1, max_size=4), st.booleans())
def test_written_jsonl_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]], ascii_only: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "round.jsonl"
    rows[0] |= {"number": 0.5, "numbers": [0.5]}
    assert list(load(path, *(json.dumps(row, ensure_ascii=ascii_only) for row in rows))) == rows
