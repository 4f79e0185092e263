"""The key reference: complete, true, and up to date."""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from seqnlp import pages
from seqnlp.pages.keys import Reference, write_reference
from seqnlp.recipe import Recipe
from seqnlp.tasks.registry import known_tasks

RENEW = "the key reference is out of date: run `python -m seqnlp.pages`"


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """Schema as the program prints it: here, other tests may have defined kinds of their own."""
    command = [sys.executable, "-m", "seqnlp", "recipes", "schema"]
    found: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return found


@pytest.fixture(scope="module")
def reference() -> Reference:
    return Reference()


@pytest.fixture(scope="module")
def recipes(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Schema of the recipe of each built-in task."""
    built_in = {info.name for info in known_tasks() if info.module}
    found = {}
    for choice in schema["else"]["oneOf"]:
        definition = _resolved(choice, schema)
        task = definition["properties"]["task"]["const"]
        if task in built_in:
            found[task] = definition
    assert set(found) == built_in
    return found


def _resolved(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].rpartition("/")[2]]
    return node


def _keys(node: dict[str, Any], schema: dict[str, Any], way: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key that the schema allows: its dotted name with the kinds, and its own schema."""
    node = _resolved(node, schema)
    for choice in node.get("anyOf", []) + node.get("oneOf", []) + node.get("allOf", []):
        yield from _keys(choice, schema, way)
    properties = node.get("properties", {})
    kind = properties.get("kind", {}).get("const", "") if way else ""
    here = f"{way}.{kind}" if kind else way
    for key, inner in properties.items():
        name = f"{here}.{key}".lstrip(".")
        if name != "task":
            yield name, inner
        yield from _keys(inner, schema, name)
    if isinstance(more := node.get("additionalProperties"), dict):
        yield from _keys(more, schema, f"{way}.{pages.ANY_NAME}")


def test_every_key_of_the_schema_is_explained(schema: dict[str, Any], recipes: dict[str, dict[str, Any]]) -> None:
    count = 0
    for task, recipe in recipes.items():
        for name, inner in _keys(recipe, schema):
            text = pages.find(name)
            if name == "search" and "$ref" not in inner:  # the search space, which has a page of its own
                assert "## The section [search]" in text
                continue
            key = name.rpartition(".")[2]
            assert f".{key}\n" in text or text.startswith(f"### {key}\n") or f"Keys: {key}" in text, (task, name)
            if "Keys:" not in text.split("\n")[0]:
                _check_facts(name, inner, text)
            count += 1
    assert count > 900


def _check_facts(name: str, inner: dict[str, Any], text: str) -> None:
    """Help text, default, choices and bounds of a key are those of the schema."""
    assert inner.get("description", "").split("\n")[0] in text, name
    assert "- type: " in text, name
    for part in [inner, *inner.get("anyOf", [])]:
        for choice in part.get("enum", []) if part.get("type") == "string" else []:
            assert f"`{choice}`" in text, (name, choice)
        for bound in ("minimum", "maximum", "exclusiveMinimum"):
            if bound in part and part.get("type") in ("integer", "number"):
                assert f"{part[bound]:,}" in text, (name, bound)
    default = inner.get("default")
    if name.endswith(".kind"):
        assert f"`{default}`" in text, (name, default)
    elif isinstance(default, bool):
        assert f"`{str(default).lower()}`" in text, (name, default)
    elif isinstance(default, str):
        assert f'`"{default}"`' in text, (name, default)
    elif isinstance(default, int | float):
        assert f"`{default}`" in text, (name, default)


def test_every_kind_is_explained(reference: Reference) -> None:
    for name, table in reference.tables.items():
        for kind in table.members:
            assert f"## {name}.{kind}\n" in pages.find(f"{name}.{kind}")
    assert {"encoder", "optimizer", "reader", "decoder", "output", "tokenizer", "embedding"} <= {
        name for name, table in reference.tables.items() if table.members
    }


def test_the_files_are_those_of_the_specs(reference: Reference) -> None:
    written = write_reference(reference)
    folder = pages.FOLDER / "keys"
    assert {path.name for path in folder.glob("*")} == set(written), RENEW
    for name, text in written.items():
        assert (folder / name).read_text("utf8") == text, f"{name}: {RENEW}"


def test_every_key_has_a_help_text_and_an_example(reference: Reference) -> None:
    for table in reference.tables.values():
        for entry in table.entries:
            assert all(entry.texts), f"{entry.name} has no docstring"
            assert reference.as_toml(entry)


def test_the_examples_are_valid(reference: Reference) -> None:
    data = {"reader": "conllu", "train": "a", "dev": "b"}
    for table in reference.tables.values():
        for entry in table.entries:
            problems = []
            for task in entry.tasks:
                example = tomllib.loads(reference.as_toml(entry))
                recipe = {"task": task, **example, "data": {**data, **example.get("data", {})}}
                try:
                    Recipe.parse(recipe)
                except ValidationError as error:
                    problems.append(str(error))
            assert len(problems) < len(entry.tasks), (entry.name, reference.as_toml(entry), problems)


def test_short_names_lead_to_a_key() -> None:
    assert pages.find("patience").startswith("### training.patience\n")
    assert pages.find("data.reader.csv.delimiter") == pages.find("reader.csv.delimiter")
    assert pages.find("decoder.cell.gru.size") == pages.find("encoder.gru.size")
    assert re.findall(r"(?m)^### (.*)", pages.find("encoder.rounds")) == ["encoder.mogrifier.rounds"]
    assert "### embedding.columns.NAME.size" in pages.find("embedding.columns.upos.size")
    assert "- `encoder.lstm.size`" in pages.find("size")
