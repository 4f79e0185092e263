"""Every recipe that ships is right, in all the ways in which a user may look at it."""

import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from seqnlp.recipe import dump_recipe, load_recipe, parse_recipe, recipe_schema, shipped_recipes
from seqnlp.recipe.listed import listed_recipes
from seqnlp.tasks.registry import import_tasks

import_tasks()

RECIPES = pytest.mark.parametrize("path", shipped_recipes().values(), ids=shipped_recipes().keys())


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    return Draft202012Validator(recipe_schema())


def test_there_are_some() -> None:
    assert shipped_recipes()


@RECIPES
def test_it_is_valid_and_its_dump_is_the_same_recipe(path: Path) -> None:
    recipe = load_recipe(path)
    assert parse_recipe(dump_recipe(recipe), path) == recipe


@RECIPES
def test_the_schema_accepts_it_as_written_and_resolved(path: Path, schema: Draft202012Validator) -> None:
    schema.validate(tomllib.loads(path.read_text(encoding="utf-8")))
    schema.validate(tomllib.loads(dump_recipe(load_recipe(path))))


@RECIPES
def test_its_header_says_what_it_is_and_how_to_train_it(path: Path) -> None:
    (listed,) = [recipe for recipe in listed_recipes() if recipe.name == path.stem]
    assert listed.about
    header = path.read_text(encoding="utf-8").split("\n\n")[0]
    assert f"seqnlp train recipes/{path.name}" in header
