import datetime as dt
import tomllib
from typing import Any

import pytest
import tomli_w
import tomlkit
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from seqnlp.recipe.locate import DOTTED_KEY, Keys, key_parts, locate

NASTY = '''
title = "a # b = [c]"   # comment with [brackets] = "quotes
"quoted key" . plain = 1
'literal.key' = {a = 1, b.c = [ 2, {d = 3} ], "e f" = """x"""}
when = 1979-05-27 07:32:00
times = [1979-05-27 07:32:00Z, 07:32:00, 1979-05-27]
empty = {}
"" = 'empty key'
text = """
[not.a.table]
key = 1 \\""" ""still"""""
raw = \'\'\'
# no comment ]
\'\'\'\'\'
list = [  # comment ]
    [1, 2], # [
    "]", \'#\',
    [],
]

[a.b]
x = 1
  [ a ]
  y = 2
[[fruit]]
name = "apple"
[fruit.physical]
color = "red"
[[fruit.variety]]
name = "red delicious"
[[ fruit . "variety" ]]
name = "granny"
[[fruit]]
[[fruit.variety]]
name = "plantain"
'''


def paths(value: Any, path: Keys = ()) -> set[Keys]:
    """Every way to a value inside nested data."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = {path} if path else set()
    return found.union(*(paths(inner, (*path, key)) for key, inner in items))


def check(text: str) -> None:
    """Every path of the document is located, no other is, and its key stands there."""
    places = locate(text)
    assert set(places) == paths(tomllib.loads(text))
    lines = text.split("\n")
    for path, (line, column) in places.items():
        rest = lines[line - 1][column - 1 :]
        if isinstance(path[-1], str):
            dotted = DOTTED_KEY.match(rest)
            assert dotted is not None
            assert key_parts(dotted[0])[0] == (0, path[-1])
        else:
            assert rest[0] not in " \t\r,]#"


def test_a_nasty_file() -> None:
    check(NASTY)
    places = locate(NASTY)
    assert places["title",] == (2, 1)
    assert places["quoted key", "plain"] == (3, 16)
    assert places["literal.key", "b", "c", 1, "d"] == (4, 37)
    assert places["list", 1] == (17, 5)
    assert places["a",] == (23, 5)
    assert places["a", "b"] == (21, 4)
    assert places["fruit", 0, "variety", 1, "name"] == (32, 1)
    assert places["fruit",] == (25, 3)
    assert places["fruit", 1] == (33, 3)


def test_windows_line_ends_do_not_move_anything() -> None:
    assert locate(NASTY.replace("\n", "\r\n")) == locate(NASTY)


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment", "a=1", "[a]", "[[a]]\n[[a]]"])
def test_small_texts(text: str) -> None:
    check(text)


def test_columns_count_characters_not_bytes() -> None:
    assert locate('"ü" = {"é" = 1}')["ü", "é"] == (1, 8)


def test_locate_refuses_what_is_no_toml() -> None:
    with pytest.raises(ValueError, match="not TOML"):
        locate("= 3")


characters = st.characters(exclude_categories=["Cs"])
scalars: SearchStrategy[Any] = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.booleans(),
    st.text(characters, max_size=8),
    st.text(alphabet="\"'\\#=[]{},\n \t", max_size=8),
    st.dates(dt.date(1000, 1, 1)),
    st.datetimes(dt.datetime(1000, 1, 1)),
)
names = st.one_of(st.text(characters, max_size=5), st.text(alphabet="ab0-_", min_size=1, max_size=3))
documents: SearchStrategy[dict[str, Any]] = st.dictionaries(
    names,
    st.recursive(
        scalars,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(names, inner, max_size=3),
            st.lists(st.dictionaries(names, inner, max_size=3), max_size=3),
        ),
        max_leaves=12,
    ),
    max_size=5,
)


@given(documents, st.booleans())
def test_every_path_that_tomli_w_writes_is_located(data: dict[str, Any], multiline: bool) -> None:
    text = tomli_w.dumps(data, multiline_strings=multiline)
    check(text)


@given(documents)
def test_every_path_that_tomlkit_writes_is_located(data: dict[str, Any]) -> None:
    text = tomlkit.dumps(data)
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:  # tomlkit does not quote every odd text rightly
        return
    check(text)
