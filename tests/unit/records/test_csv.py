"""Columns beside a csv: the rest byte for byte."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.errors import DataError
from seqnlp.readers import Csv
from seqnlp.records import Added, CsvRecords, JsonLinesWriter, LineRecords, TableWriter, file_lines

LABEL = [Added("label", "text")]
COMMAS = Csv()


def beside(
    text: str,
    answers: Sequence[str] = ("x",),
    added: Sequence[Added] = LABEL,
    reader: Csv = COMMAS,
    name: str = "in.csv",
    sizes: Sequence[int] = (),
) -> str:
    """Text with an answer in each row, the first for the first; lines arrive in blocks of these sizes."""
    lines, blocks = io.StringIO(text, newline="\n").readlines(), []
    for size in sizes:
        blocks.append(lines[:size])
        lines = lines[size:]
    records = CsvRecords(iter([*blocks, lines]), name, reader, "text")
    out, number = io.BytesIO(), 0
    writer = records.writer(out, added)
    for block in records.blocks():
        own: list[Any] = []
        for _ in block.texts:
            own.append({added[0].key: answers[number % len(answers)]})
            number += 1
        writer.write(block, own)
    writer.close()
    return out.getvalue().decode()


# a carriage return alone is no part of a csv
field = st.lists(st.sampled_from([*'ab ,;\t"é\u2028\ufeff\x1c🙂', "\n", "\r\n"]), max_size=6).map("".join)


def written(text: str, delimiter: str, quoted: bool) -> str:
    needs = any(sign in text for sign in (delimiter, '"', "\n", "\r"))
    return '"' + text.replace('"', '""') + '"' if quoted or needs else text


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, list[tuple[str, str, str]], str]:
    """Delimiter; blank lines, text and end of each row, the header among them; blank lines at the end."""
    delimiter = draw(st.sampled_from(",;\t|"))
    width = draw(st.integers(0, 3))
    place = draw(st.integers(0, width))
    rows = draw(st.lists(st.lists(field, min_size=width + 1, max_size=width + 1), max_size=5))
    names = [f"column {number}" for number in range(width)]
    header = [*names[:place], "text", *names[place:]]
    blank, end = st.sampled_from(["", "", "\n", "\r\n\n"]), st.sampled_from(["\n", "\r\n"])
    pieces = []
    for cells in [header, *rows]:
        # a row of one empty field, without quotes, would be an empty line
        quoted = [draw(st.booleans()) or (len(cells) == 1 and not cell.strip()) for cell in cells]
        line = delimiter.join(written(cell, delimiter, each) for cell, each in zip(cells, quoted, strict=True))
        pieces.append((draw(blank), line, draw(end)))
    if draw(st.booleans()):
        pieces[-1] = (*pieces[-1][:2], "")
        return delimiter, pieces, ""
    return delimiter, pieces, draw(blank)


@given(tables(), st.booleans(), st.lists(st.integers(0, 3), max_size=5))
def test_only_the_new_fields_are_new(
    table: tuple[str, list[tuple[str, str, str]], str], mark: bool, sizes: list[int]
) -> None:
    delimiter, pieces, rest = table
    start = "\ufeff" if mark else ""
    given = start + "".join(map("".join, pieces)) + rest
    head, *rows = pieces
    expected = start + head[0] + head[1] + delimiter + "label" + head[2]
    expected += "".join(blank + line + delimiter + "x" + end for blank, line, end in rows) + rest
    found = beside(given, reader=Csv(delimiter=delimiter, quotechar='"'), sizes=sizes)
    assert found == expected


@given(st.lists(field, min_size=1, max_size=4), st.sampled_from(",;|"))
def test_any_answer_is_read_back(answers: list[str], delimiter: str) -> None:
    text = f"id{delimiter}text\n" + "".join(f"{number}{delimiter}a\n" for number in range(len(answers)))
    found = beside(text, answers, reader=Csv(delimiter=delimiter))
    rows = list(csv.reader(io.StringIO(found, newline=""), delimiter=delimiter, strict=True))
    assert [row[2] for row in rows] == ["label", *answers]


def test_a_header_in_quotes_and_empty_cells() -> None:
    added = [Added("label", "text"), Added("scores", {"a,b": "number", "c": "number"})]
    records = CsvRecords(iter([['"te""xt",text\r\n', "1,\r\n", "2,b"]]), "in.csv", Csv(), "text")
    out = io.BytesIO()
    writer = records.writer(out, added)
    for block in records.blocks():
        assert block.texts == ["", "b"]
        writer.write(block, [None, {"label": "x", "scores": {"a,b": 1 / 3, "c": None}}])
    writer.close()
    assert out.getvalue() == b'"te""xt",text,label,"scores.a,b",scores.c\r\n1,,,,\r\n2,b,x,0.333333,'


def test_a_file_without_a_header_gets_none() -> None:
    reader = Csv(names=["_", "text", "_"], delimiter="\t", quotechar="")
    assert beside('1\t"a\tz\n\n2\tb"\ty', reader=reader) == '1\t"a\tz\tx\n\n2\tb"\ty\tx'


def test_a_tab_in_an_answer_between_tabs_is_a_fault() -> None:
    with pytest.raises(DataError, match=r"in.tsv, record 2: 'a\\tb' holds the delimiter .*--json"):
        beside("text\nfirst\nsecond\n", ["ok", "a\tb"], name="in.tsv")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("text,label\na,b\n", "in.csv:1: there is a column 'label' already; --column-prefix predicted_ calls the new"),
        ("texts\na\n", "in.csv:1: no column 'text': did you mean 'texts'?; --column names another"),
        (
            "n;text\n1;a\n",
            """in.csv:1: no column 'text': did you mean 'n;text'?; --reader '{kind="csv", delimiter=";"}' parts""",
        ),
        (
            "n\ttext\n1\ta\n",
            "in.csv:1: no column 'text': did you mean 'n\ttext'?; --reader '{kind=\"csv\", delimiter=\"\\t\"}'",
        ),
        ("text,text\na,b\n", "in.csv:1: 2 columns are called 'text'; expected one"),
        ("", "in.csv: no header line"),
        ("\n\n", "in.csv: no header line"),
        ("a,text\n1,b\n2\n", "in.csv:3: 1 columns; expected 2 (a, text)"),
        ('a,text\n1,"b\n', "in.csv:2: unexpected end of data"),
    ],
)
def test_faults_name_file_and_line(text: str, told: str) -> None:
    with pytest.raises(DataError) as caught:
        beside(text)
    assert str(caught.value).startswith(told)


def test_records_arrive_as_their_lines_do() -> None:
    read: list[str] = []

    def lines() -> Any:
        for line in ("text\n", '"a\n', 'b"\n', "c\n"):
            read.append(line)
            yield [line]

    blocks = CsvRecords(lines(), "in.csv", Csv(), "text").blocks()
    assert next(blocks).texts == ["a\nb"]
    assert read[-1] == 'b"\n'
    assert next(blocks).texts == ["c"]


def test_as_json_lines_and_as_another_table() -> None:
    def records() -> CsvRecords:
        return CsvRecords(iter([["id;text\n", '1;"a,b"\n']]), "in.csv", Csv(delimiter=";"), "text")

    for is_table, expected in (
        (False, b'{"id": "1", "text": "a,b", "label": "x"}\n'),
        (True, b'id,text,label\n1,"a,b",x\n'),
    ):
        source, out = records(), io.BytesIO()
        written = TableWriter(source, out, LABEL, ",") if is_table else JsonLinesWriter(source, out, LABEL)
        for block in source.blocks():
            written.write(block, [{"label": "x"}])
        written.close()
        assert out.getvalue() == expected


def test_two_columns_of_one_name_are_no_object() -> None:
    records = CsvRecords(iter([["text,,\n"]]), "in.csv", Csv(), "text")
    with pytest.raises(DataError, match="2 columns are called ''"):
        JsonLinesWriter(records, io.BytesIO(), LABEL)


def test_lines_become_a_column(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_bytes("a, b\r\n\n\u00e9".encode())
    records, out = LineRecords(file_lines(tmp_path / "in.txt"), "in.txt", "text"), io.BytesIO()
    writer = TableWriter(records, out, LABEL, ",")
    for block in records.blocks():
        writer.write(block, [{"label": "x"}, None, {"label": "y"}])
    writer.close()
    assert out.getvalue().decode() == 'text,label\n"a, b",x\n,\n\u00e9,y\n'
