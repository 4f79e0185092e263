from typing import Any

import pytest
from jsonschema import Draft202012Validator

from seqnlp.recipe import recipe_schema

DATA: dict[str, Any] = {"reader": "conllu", "train": "a", "dev": "b"}


@pytest.fixture(scope="module")
def validator(only_the_tiny_task: None) -> Draft202012Validator:
    schema = recipe_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


RIGHT: list[dict[str, Any]] = [
    {"task": "tiny", "data": DATA},
    {"task": "tiny", "data": DATA, "cell": "lstm", "chars": {"widths": [1]}, "steps": "auto"},
    {"task": "tiny", "data": DATA | {"reader": {"kind": "conllu"}}, "stack": ["gru", {"kind": "lstm", "size": 1}]},
    {"task": "tiny", "data": DATA, "words": {"min_count": 1}},
    {"task": "tiny", "data": DATA, "search": {"steps": [1, 2], "cell": {"size": {"low": 1, "high": 3}}}},
    {"extends": "base.toml"},
    {"extends": "base.toml", "cell": {"size": 3}, "words": {"lowercase": True}, "data": {"train": "x"}},
]
WRONG: list[dict[str, Any]] = [
    {"data": DATA},
    {"task": "tiny"},
    {"task": "tyni", "data": DATA},
    {"task": "tiny", "data": DATA, "sede": 1},
    {"task": "tiny", "data": DATA, "seed": "1"},
    {"task": "tiny", "data": DATA, "cell": "gur"},
    {"task": "tiny", "data": DATA, "cell": {"kind": "gru", "forget": 1.0}},
    {"task": "tiny", "data": DATA, "cell": {"kind": "gru", "size": 0}},
    {"task": "tiny", "data": DATA, "words": {}},
    {"task": "tiny", "data": DATA, "search": 3},
    {"extends": 3},
    {"extends": "base.toml", "sede": 1},
    {"extends": "base.toml", "words": {"min_cuont": 1}},
]


def test_right_recipes_are_accepted(validator: Draft202012Validator) -> None:
    assert [recipe for recipe in RIGHT if not validator.is_valid(recipe)] == []


def test_wrong_recipes_are_refused(validator: Draft202012Validator) -> None:
    assert [recipe for recipe in WRONG if validator.is_valid(recipe)] == []


def test_the_help_of_a_key_is_in_the_schema() -> None:
    cell = recipe_schema()["$defs"]["Tiny"]["properties"]["cell"]
    sizes = [member["properties"]["size"] for member in cell["anyOf"] if "properties" in member]
    assert [size["description"] for size in sizes] == ["How many units."] * 2
