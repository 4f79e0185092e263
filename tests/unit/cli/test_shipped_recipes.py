"""Every recipe that ships is right, in all the ways in which a user may look at it."""

import re
import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from seqnlp.recipe import dump_recipe, load_recipe, parse_recipe, recipe_schema, shipped_recipes
from seqnlp.recipe.shipped import listed_recipes
from seqnlp.tasks.registry import import_tasks, known_tasks

import_tasks()

PATHS = list(shipped_recipes().values())


def test_each_task_has_a_recipe() -> None:
    tasks = {tomllib.loads(dump_recipe(load_recipe(path)))["task"] for path in PATHS}
    assert tasks == {info.name for info in known_tasks() if info.module}


def test_dumped_recipes_are_parsed_to_the_same() -> None:
    for path in PATHS:
        recipe = load_recipe(path)
        assert parse_recipe(dump_recipe(recipe), path) == recipe, path


def test_the_schema_accepts_recipes_as_written_and_resolved() -> None:
    schema = Draft202012Validator(recipe_schema())
    refused = {
        path.name: [error.message for error in schema.iter_errors(tomllib.loads(text))]
        for path in PATHS
        for text in (path.read_text(encoding="utf-8"), dump_recipe(load_recipe(path)))
        if not schema.is_valid(tomllib.loads(text))
    }
    assert refused == {}


PLACEHOLDER = re.compile(r"\b(TIME|SCORE|FIGURE|TODO|TBD|FIXME|XXX+|N{2,}|[\dNX]\.[NX]+)\b")


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_comments_hold_no_placeholders(path: Path) -> None:
    comments = [line.partition("#")[2] for line in path.read_text(encoding="utf-8").splitlines() if "#" in line]
    assert [comment for comment in comments if PLACEHOLDER.search(comment)] == []


@pytest.mark.parametrize(
    "line", ["about TIME on 2 CPU cores", "expect test accuracy SCORE", "F1 0.XX", "N.N", "TODO: say"]
)
def test_placeholders_are_found(line: str) -> None:
    assert PLACEHOLDER.search(line)


def test_headers_say_how_to_train_the_recipe() -> None:
    about = {recipe.name: recipe.about for recipe in listed_recipes()}
    for path in PATHS:
        assert about[path.stem].endswith("."), path  # a whole sentence in the first line
        header = path.read_text(encoding="utf-8").split("\n\n")[0]
        assert f"seqnlp train recipes/{path.name}" in header, path
