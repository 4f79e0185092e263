import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.errors import DataError, RecipeError
from seqnlp.recipe import Recipe, dump_recipe, load_recipe, parse_recipe

HEAD = 'task = "tiny"\ndata = { reader = "conllu", train = "a", dev = "b" }\n'


def test_a_recipe_file_becomes_a_typed_tree(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    path.write_text(HEAD + "cell = 'lstm'\nseed = 7\n", encoding="utf-8")
    recipe = load_recipe(path, ["cell.size=5", "seed=9"])
    assert recipe.seed == 9
    assert recipe.model_dump()["cell"] == {"kind": "lstm", "size": 5, "dropout": 0.1, "forget": 1.0}
    with pytest.raises(DataError, match="there is no such recipe"):
        load_recipe(tmp_path / "gone.toml")


def test_a_fault_names_the_file_that_holds_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("base.toml").write_text(HEAD + "zeed = 1\n[cell]\nkind = 'gru'\nbackwards = true\n", encoding="utf-8")
    Path("r.toml").write_text("extends = 'base.toml'\nsede = 1\n[cell]\nkind = 'lstm'\n", encoding="utf-8")
    with pytest.raises(RecipeError) as caught:
        load_recipe("r.toml", ["title=1"])
    assert [fault.place for fault in caught.value.faults] == [
        "r.toml:2:1",
        "base.toml:3:1",
        "base.toml:6:1",
        "--set title=1",
    ]


cells = st.one_of(
    st.sampled_from(["gru", "lstm"]),
    st.fixed_dictionaries({"kind": st.just("gru")}, optional={"size": st.integers(1, 500), "backwards": st.booleans()}),
    st.fixed_dictionaries(
        {"kind": st.just("lstm")}, optional={"forget": st.floats(allow_nan=False), "dropout": st.floats(0, 0.99)}
    ),
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
recipes = st.fixed_dictionaries(
    {
        "task": st.just("tiny"),
        "data": st.fixed_dictionaries(
            {"reader": st.just("conllu"), "train": texts, "dev": texts}, optional={"test": texts}
        ),
    },
    optional={
        "seed": st.integers(0, 2**63 - 1),
        "cell": cells,
        "chars": st.one_of(
            st.just({}), st.fixed_dictionaries({"widths": st.lists(st.integers(1, 9), min_size=1, max_size=4)})
        ),
        "stack": st.lists(cells, max_size=3),
        "by_name": st.dictionaries(texts, cells, max_size=3),
        "steps": st.one_of(st.just("auto"), st.integers(1, 10**9)),
        "rate": st.floats(0, exclude_min=True, allow_infinity=False),
        "title": texts,
    },
)


@given(recipes)
def test_a_recipe_as_toml_is_the_same_recipe(data: dict[str, Any]) -> None:
    recipe = Recipe.parse(data)
    text = dump_recipe(recipe)
    assert parse_recipe(text) == recipe
    assert dump_recipe(parse_recipe(text)) == text


def test_a_dump_begins_with_what_it_is_about(parse: Callable[..., Recipe]) -> None:
    text = dump_recipe(parse("cell = 'gru'"))
    assert text.startswith('task = "tiny"\n')
    assert '[cell]\nkind = "gru"\n' in text
    assert "chars" not in tomllib.loads(text)


junk: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.integers(), st.floats(), st.booleans(), texts, st.dates(), st.times(), st.sampled_from(["gru", "cnn"])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(st.sampled_from(["kind", "size", "sise", "widths", "min_count", "0"]), inner, max_size=3),
    ),
    max_leaves=6,
)
keys = ["task", "data", "seed", "cell", "chars", "words", "stack", "by_name", "steps", "schedule", "plugins", "x y"]


@given(st.dictionaries(st.sampled_from(keys), junk, min_size=1, max_size=5), st.booleans())
def test_faults_are_told_in_plain_words(data: dict[str, Any], is_tiny: bool) -> None:
    text = tomli_w.dumps(data | ({"task": "tiny"} if is_tiny else {}))
    try:
        parse_recipe(text)
    except RecipeError as error:
        lines = text.split("\n")
        for fault in error.faults:
            message = f"{fault.problem} {fault.hint}"
            assert fault.problem
            assert not [word for word in ("nput", "valid", "pydantic", "_type", "Any", "None") if word in message]
            file, _, place = fault.place.partition(":")
            assert file == "recipe.toml"
            if place:
                line, column = map(int, place.split(":"))
                assert lines[line - 1][column - 1 :]


@given(st.text(alphabet="ab=[]{}.\"'#, \n\r\t1-:\\", max_size=30))
def test_text_that_is_hardly_toml_is_a_recipe_error(text: str) -> None:
    with pytest.raises(RecipeError) as caught:
        parse_recipe(text)
    assert all(fault.problem for fault in caught.value.faults)
