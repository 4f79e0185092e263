import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from seqnlp.errors import DataError
from seqnlp.readers import Columns
from seqnlp.readers.conll import rewrite_columns


def load(path: Path, text: str, **settings: Any) -> dict[str, Any]:
    path.write_text(text)
    table: dict[str, Any] = Columns(**({"names": ["word", "tag"]} | settings)).load(path)[:]
    return table


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.conll"


def test_columns_stand_between_any_white_space(path: Path) -> None:
    assert load(path, "\n\na  A\nb\t B\n \t\nc C\r\n") == {"word": [["a", "b"], ["c"]], "tag": [["A", "B"], ["C"]]}


def test_a_delimiter_leaves_spaces_in_fields(path: Path) -> None:
    assert load(path, "New York\tB\n\t\nb\tO", delimiter="\t")["word"] == [["New York"], ["b"]]


def test_hashtags_are_tokens_and_comments_only_where_they_are_asked_for(path: Path) -> None:
    text = "# c\n#tag O\na O\n"
    assert load(path, text)["word"] == [["#", "#tag", "a"]]
    assert load(path, text, comment="# ")["word"] == [["#tag", "a"]]


def test_lines_between_documents_are_skipped(path: Path) -> None:
    text = "-DOCSTART- -X- O O\n\na A\n-DOCSTART- x\nb B\n"
    assert load(path, text)["word"] == [["a"], ["b"]]
    with pytest.raises(DataError, match=r"x\.conll:1: 4 columns"):
        load(path, text, document_separator=None)


def test_unwanted_columns_are_left_out(path: Path) -> None:
    assert load(path, "a x y A\n", names=["word", "_", "_", "tag"]) == {"word": [["a"]], "tag": [["A"]]}


@pytest.mark.parametrize(
    ("text", "problem"),
    [("a A\nb\n", "2: 1 columns; expected 2 (word, tag)"), ("a A A\n", "1: 3 columns; expected 2 (word, tag)")],
)
def test_lines_with_too_few_or_too_many_fields_are_named(path: Path, text: str, problem: str) -> None:
    with pytest.raises(DataError) as caught:
        load(path, text)
    assert str(caught.value) == f"{path}:{problem}"


@pytest.mark.parametrize(
    "wrong", [{"names": []}, {"names": ["_"]}, {"names": ["a", "a"]}, {"names": ["a"], "delimiter": ""}]
)
def test_impossible_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Columns(**wrong)


TOKEN = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=4)


@given(st.lists(st.lists(st.tuples(TOKEN, TOKEN), min_size=1), min_size=1, max_size=4))
def test_written_columns_are_read_back(
    tmp_path_factory: pytest.TempPathFactory, sentences: list[list[tuple[str, str]]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "round.conll"
    text = "\n".join("".join(f"{word} {tag}\n" for word, tag in sentence) for sentence in sentences)
    table = load(path, text, document_separator=None)
    assert [list(zip(*pair, strict=True)) for pair in zip(table["word"], table["tag"], strict=True)] == sentences


space = st.text(" \t", min_size=1, max_size=2)
word = st.text("ab#_é\u00e9-", min_size=1, max_size=3)


@st.composite
def ragged(draw: st.DrawFn) -> tuple[list[tuple[list[str], list[str], str]], str]:
    """Lines of three fields, what stands before and behind each field, and the end; and the rest of the text."""
    lines = []
    for _ in range(draw(st.integers(1, 5))):
        between = [draw(st.sampled_from(["", " "])), draw(space), draw(space), draw(st.sampled_from(["", " ", "\t "]))]
        fields = [draw(word), draw(word), draw(word)]
        lines.append((between, fields, draw(st.sampled_from(["\n", "\r\n", "\n\n", "\n \n", "\n-DOCSTART- x\n"]))))
    return lines, draw(st.sampled_from(["", "\n", "-DOCSTART-\n"]))


@given(ragged(), st.booleans(), st.booleans())
def test_only_predicted_columns_change(
    text: tuple[list[tuple[list[str], list[str], str]], str], mark: bool, has_place: bool
) -> None:
    lines, rest = text
    start = "\ufeff" * mark
    given = start + "".join(_line(*line) for line in lines) + rest
    reader = Columns(names=["word", "_", "tag" if has_place else "other"])
    out, new = io.BytesIO(), []
    for block in reader.blocks(given.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")[:-1], "x"):
        if count := sum(isinstance(row, list) for row in block):
            new.append({"tag": ["NEW"] * count})
    replaced = rewrite_columns(io.StringIO(given, newline="\n"), out, iter(new), reader, "x")
    expected = [
        _line(between, [*fields[:2], "NEW"], end)
        if has_place
        else _line([*between[:3], between[2], between[3]], [*fields, "NEW"], end)
        for between, fields, end in lines
    ]
    assert out.getvalue().decode() == start + "".join(expected) + rest
    assert replaced == ({"tag"} if has_place and any(fields[2] != "_" for _, fields, _ in lines) else set())


def _line(between: list[str], fields: list[str], end: str) -> str:
    return between[0] + "".join(field + gap for field, gap in zip(fields, between[1:], strict=True)) + end


def test_columns_with_a_delimiter_keep_their_blanks() -> None:
    reader, out = Columns(names=["word", "tag", "_"], delimiter="\t", comment="# "), io.BytesIO()
    given = "# c\nNew York\t\t x \r\n# d\nb\t_\t\n"
    rewrite_columns(
        io.StringIO(given, newline="\n"), out, iter([{"tag": ["A B", "C"], "more": ["1", "2"]}]), reader, "x"
    )
    assert out.getvalue().decode() == "# c\nNew York\tA B\t x \t1\r\n# d\nb\tC\t\t2\n"


@pytest.mark.parametrize("value", ["", "a b"])
def test_a_value_that_is_no_field(value: str) -> None:
    with pytest.raises(DataError, match=r"the tag .* is no field of a file of columns"):
        rewrite_columns(["a\n"], io.BytesIO(), iter([{"tag": [value]}]), Columns(names=["word"]), "x")
