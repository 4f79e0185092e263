"""Keys beside those of JSON: the rest byte for byte."""

import io
import json
import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.errors import DataError
from seqnlp.records import Added, JsonArrayRecords, JsonLinesRecords, JsonLinesWriter

LABEL = [Added("label", "text")]
MARK = re.compile(r',?\s*"label": "@@"')


def in_blocks(text: str, sizes: Sequence[int]) -> Any:
    lines = io.StringIO(text, newline="\n").readlines()
    for size in sizes:
        yield lines[:size]
        lines = lines[size:]
    yield lines


def beside(kind: type[Any], text: str, sizes: Sequence[int] = ()) -> str:
    records, out = kind(in_blocks(text, sizes), "in.json", "text"), io.BytesIO()
    writer = records.writer(out, LABEL)
    for block in records.blocks():
        writer.write(block, [{"label": "@@"} for _ in block.texts])
    writer.close()
    return out.getvalue().decode()


numbers = st.sampled_from(["1.0", "1e5", "-0", "12345678901234567890123", "1E-7", "0.10", "true", "null"])
strings = st.sampled_from(['"a"', '"\\u00e9"', '"}{,]"', '"\\ud83d\\ude42"', '"é🙂\u2028"', '"\\"}"', '"\\/"', '""'])


@st.composite
def objects(draw: st.DrawFn, space: st.SearchStrategy[str]) -> str:
    """An object as somebody else may write it."""

    def value(depth: int = 0) -> str:
        kind = draw(st.integers(0, 3 if depth < 2 else 1))
        if kind < 2:
            return draw(numbers if kind else strings)
        items = [value(depth + 1) for _ in range(draw(st.integers(0, 2)))]
        if kind == 2:
            return "[" + draw(space) + ",".join(items) + "]"
        return "{" + ",".join(f'"k{number}":{item}' for number, item in enumerate(items)) + draw(space) + "}"

    keys = draw(st.lists(st.sampled_from(['"n"', '"\\u006e"', '"z z"', '"{"']), max_size=3, unique=True))
    pairs = [f'"text"{draw(space)}:{draw(space)}{draw(strings)}', *(f"{key}:{draw(space)}{value()}" for key in keys)]
    return "{" + draw(space) + (draw(space) + "," + draw(space)).join(draw(st.permutations(pairs))) + draw(space) + "}"


blank = st.sampled_from(["", "", " ", "\t", "  "])
sizes = st.lists(st.integers(0, 3), max_size=6)


@given(st.lists(objects(blank), min_size=1, max_size=4), st.data(), sizes)
def test_only_the_new_keys_of_lines_are_new(given: list[str], data: st.DataObject, sizes: list[int]) -> None:
    ends = st.sampled_from(["\n", "\r\n", " \n", "\n\n", "\n \n"])
    text = data.draw(st.sampled_from(["", "\ufeff", "\n", " "]))
    text += "".join(data.draw(blank) + each + data.draw(ends) for each in given[:-1])
    text += data.draw(blank) + given[-1] + data.draw(st.sampled_from(["", "\n", "\r\n\n "]))
    found = beside(JsonLinesRecords, text, sizes)
    assert MARK.sub("", found) == text
    values = [json.loads(line) for line in found.removeprefix("\ufeff").split("\n") if line.strip()]
    assert values == [{**json.loads(each), "label": "@@"} for each in given]


space = st.sampled_from(["", " ", "\n", "\r\n  ", "\n\t"])


@given(st.lists(objects(space), max_size=4), st.data(), sizes)
def test_only_the_new_keys_of_an_array_are_new(given: list[str], data: st.DataObject, sizes: list[int]) -> None:
    text = data.draw(space) + "[" + data.draw(space)
    text += "".join((data.draw(space) + "," + data.draw(space)) * bool(n) + each for n, each in enumerate(given))
    text += data.draw(space) + "]" + data.draw(space)
    found = beside(JsonArrayRecords, text, sizes)
    assert MARK.sub("", found) == text
    assert json.loads(found) == [{**json.loads(each), "label": "@@"} for each in given]


def test_an_indented_object_is_indented_further() -> None:
    rows: list[dict[str, Any]] = [{"text": "a", "n": [1, 2]}, {"text": "b"}]
    for indent in (None, 1, 2, "\t"):
        found = beside(JsonArrayRecords, json.dumps(rows, indent=indent))
        assert found == json.dumps([{**row, "label": "@@"} for row in rows], indent=indent)


def test_an_array_of_many_objects_in_one_line_comes_in_blocks() -> None:
    text = json.dumps([{"text": str(number)} for number in range(3000)])
    records = JsonArrayRecords(iter([[text]]), "in.json", "text")
    assert [len(block.texts) for block in records.blocks()] == [1024, 1024, 952]


def test_json_lines_of_an_array() -> None:
    records, out = JsonArrayRecords(iter([['[{"text":\n "a"}]']]), "in.json", "text"), io.BytesIO()
    writer = JsonLinesWriter(records, out, LABEL)
    for block in records.blocks():
        writer.write(block, [{"label": "x"}])
    writer.close()
    assert out.getvalue() == b'{"text": "a", "label": "x"}\n'


def test_values_of_other_types() -> None:
    added = [Added("tags", ["text"]), Added("scores", {"a": "number"}), Added("n", "whole")]
    records, out = (
        JsonLinesRecords(iter([['{"text": ["a", "b"]}\n', '{"text": null}\n', "{}\n"]]), "in", "text"),
        io.BytesIO(),
    )
    writer = records.writer(out, added)
    for block in records.blocks():
        assert block.texts == [["a", "b"], None, None]
        writer.write(block, [{"tags": ("A", "B"), "scores": {"a": 0.1 + 0.2}, "n": 3}, None, {}])
    writer.close()
    lines = out.getvalue().decode().splitlines()
    assert lines[0] == '{"text": ["a", "b"], "tags": ["A", "B"], "scores": {"a": 0.3}, "n": 3}'
    assert lines[2] == '{"tags": null, "scores": null, "n": null}'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"text": "a"}\n{"text": "b", "label": 1}\n', "in.json:2: there is a column 'label' already; --column-prefix"),
        ('{"text": "a"}\nb\n', "in.json:2: this is not JSON"),
        ('{"text": "a"}\n[1]\n', "in.json:2: [1] is not an object"),
        ('{"text": "a"}\n{"text": 7}\n', "in.json:2: 'text' is 7; expected text"),
        ('{"text": "\\ud83d"}\n', "in.json:1: 'text' has half of a surrogate pair"),
        ('{"text": NaN}\n', "in.json:1: this is not JSON: NaN is not a number"),
        ('\n{"texts": "a"}\n{"id": 1}', "in.json:2: no key 'text' here: did you mean 'texts'?"),
    ],
)
def test_faults_name_file_and_line(text: str, told: str) -> None:
    with pytest.raises(DataError) as caught:
        beside(JsonLinesRecords, text)
    assert str(caught.value).startswith(told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[{"text": "a"} {"text": "b"}]', "in.json: this is not JSON: '{' behind item 1; expected a comma or ]"),
        ('[{"text": "a"},\n]', "in.json, item 2: this is not JSON"),
        ('[{"text": "a"}\n', "in.json: this is not JSON: the end behind item 1"),
        ('[{"text": "a"}] 5', "in.json: this is not JSON: '5' behind the array"),
        ('[{"text": "a"}, 5]', "in.json, item 2: 5 is not an object"),
        ('{"text": "a"}', "in.json: this is not a JSON array"),
        ("", "in.json: this is not a JSON array"),
    ],
)
def test_faults_of_an_array_name_the_item(text: str, told: str) -> None:
    with pytest.raises(DataError) as caught:
        beside(JsonArrayRecords, text)
    assert str(caught.value).startswith(told)
