from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.errors import RecipeError
from seqnlp.recipe.document import override
from seqnlp.recipe.source import read_document


def after(text: str, *overrides: str) -> dict[str, Any]:
    """The settings of a text, with overrides laid over them."""
    document = read_document(text, Path("r.toml"))
    override(document, overrides)
    return document.data


@pytest.mark.parametrize(
    ("value", "meaning"),
    [
        ("3", 3),
        ("3e-4", 3e-4),
        ("true", True),
        ("[0.9, 0.98]", [0.9, 0.98]),
        ('{a = 1, "b c" = 2}', {"a": 1, "b c": 2}),
        ('"3"', "3"),
        ("gru", "gru"),
        ("a path with spaces/x = y.txt", "a path with spaces/x = y.txt"),
        ("", ""),
        ("True", "True"),
        ("1\nseed = 2", "1\nseed = 2"),
        ("[" * 3000, "[" * 3000),
    ],
)
def test_a_value_is_toml_and_else_a_string(value: str, meaning: Any) -> None:
    assert after("x = 0", f"x={value}") == {"x": meaning}


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        ("a = 1", "b", {"a": 1, "b": 9}),
        ("a = 1", " a ", {"a": 9}),
        ("a = 1", "b.c.d", {"a": 1, "b": {"c": {"d": 9}}}),
        ("[a]\nx = 1\ny = 2", "a.x", {"a": {"x": 9, "y": 2}}),
        ("[a]\nx = 1\ny = 2", "a", {"a": 9}),
        ("[a]\nx = 1", "\"a\" . 'x=y'", {"a": {"x": 1, "x=y": 9}}),
        ("a = 'gru'", "a.size", {"a": {"kind": "gru", "size": 9}}),
        ("a = 'gru'", "a.kind", {"a": {"kind": 9}}),
        ("a = 1", "a.b", {"a": {"b": 9}}),
        ("a = [1, 2]", "a.1", {"a": [1, 9]}),
        ("[[a]]\nx = 1\n[[a]]\nx = 2", "a.0.x", {"a": [{"x": 9}, {"x": 2}]}),
        ("a = ['gru', 'lstm']", "a.1.size", {"a": ["gru", {"kind": "lstm", "size": 9}]}),
        ("a.1 = 1", "a.1", {"a": {"1": 9}}),
    ],
)
def test_a_key_reaches_into_sections_and_arrays(text: str, key: str, expected: dict[str, Any]) -> None:
    assert after(text, f"{key}=9") == expected


def test_later_overrides_win_and_see_earlier_ones() -> None:
    assert after("x = 0", "x=1", "a=[{}]", "a.0.b=2", "x=3") == {"x": 3, "a": [{"b": 2}]}


def test_changing_a_kind_keeps_the_other_keys() -> None:
    assert after("[a]\nkind = 'gru'\nsize = 1", "a.kind=lstm") == {"a": {"kind": "lstm", "size": 1}}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("size", "expected KEY=VALUE; this has no ="),
        ("=3", "expected KEY=VALUE; '' is no key"),
        ("extends=b.toml", "`extends` can only be set in a recipe file"),
        ("a b=3", "expected KEY=VALUE; 'a b' is no key"),
        ("a.=3", "expected KEY=VALUE; 'a.' is no key"),
        ("x.3=3", "x.3: this is an array with 2 items, counted from 0; found 3"),
        ("x.y.z=3", "x.y.z: this is an array with 2 items, counted from 0; found y"),
        ("e.0=3", "e.0: this is an array with no items; found 0"),
    ],
)
def test_a_malformed_override_is_a_fault(text: str, problem: str) -> None:
    with pytest.raises(RecipeError) as caught:
        after("x = [1, 2]\ne = []", "x.0=7", text)
    assert str(caught.value).startswith(f"--set {text}: {problem}")


def test_all_malformed_overrides_are_told_at_once() -> None:
    with pytest.raises(RecipeError) as caught:
        after("x = 1", "a", "y=1", "b")
    assert [fault.place for fault in caught.value.faults] == ["--set a", "--set b"]


tables = st.recursive(
    st.dictionaries(st.text("ab", min_size=1, max_size=2), st.integers(0, 9), max_size=3),
    lambda inner: st.dictionaries(st.text("ab", min_size=1, max_size=2), inner | st.integers(0, 9), max_size=3),
    max_leaves=8,
)


def merged(base: Any, over: Any) -> Any:
    """The textbook definition of a deep merge."""
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return over
    return base | {key: merged(base[key], value) if key in base else value for key, value in over.items()}


@given(tables.filter(bool), tables.filter(bool))
def test_a_file_that_extends_another_is_merged_with_it(base: dict[str, Any], over: dict[str, Any]) -> None:
    below = read_document(tomli_w.dumps(base), Path("base.toml"))
    above = read_document(tomli_w.dumps(over), Path("over.toml"))
    below.merge(above)
    assert below.data == merged(base, over)
    for keys, place in below.places.items():
        file = tomli_w.dumps(base if place.source == "base.toml" else over)
        assert str(keys[-1]) in file.splitlines()[place.line - 1]


def test_places_follow_what_was_set_last(tmp_path: Path) -> None:
    document = read_document("a = [{ x = 1 }, { x = 2 }]\n[b]\nc = 1", Path("r.toml"))
    override(document, ["a.1.x=3", "b.c=4", "d.e=5"])
    assert str(document.place(("a", 0, "x"))) == "r.toml:1:8"
    assert str(document.place(("a", 1, "x"))) == "--set a.1.x=3"
    assert str(document.place(("b", "c"))) == "--set b.c=4"
    assert str(document.place(("b",))) == "r.toml:2:2"
    assert str(document.place(("d",))) == "--set d.e=5"
    override(document, ["a=[]"])
    assert str(document.place(("a", 0, "x"))) == "--set a=[]"
    assert str(document.place(())) == "r.toml"
