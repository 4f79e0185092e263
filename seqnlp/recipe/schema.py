"""JSON schema of recipes, with which an editor checks and completes them."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import models_json_schema

from seqnlp.recipe.recipe import Recipe
from seqnlp.recipe.search_space import SECTION

_EXTENDS = {
    "type": "string",
    "description": "A recipe to start from, relative to this file: what is set here is laid over it.",
}
_SEARCH = {
    "type": "object",
    "description": "Keys of the recipe to search, each with its candidates: an array of choices, or a table with `low` "
    "and `high`, maybe `log` and `step`; `seqnlp search` draws trials from them.",
}
_PARTIAL = "Partial"


def recipe_schema() -> dict[str, Any]:
    """JSON schema of the recipes of all registered tasks.

    Returns:
        A schema of Draft 2020-12. A recipe that extends another may leave out the keys that the other has.
    """
    members = [member for _, member in sorted(Recipe.members.items())]
    _, schema = models_json_schema([(member, "validation") for member in members])
    whole: dict[str, Any] = _any_member(schema.get("$defs", {}))
    for member in members:
        _allow_search(whole, whole[member.__name__])
    partial = {name + _PARTIAL: _without_required(definition) for name, definition in whole.items()}
    for member in members:
        whole[member.__name__].setdefault("required", []).append(Recipe.discriminator)
        partial[member.__name__ + _PARTIAL]["properties"]["extends"] = _EXTENDS
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A recipe of seqnlp",
        "type": "object",
        "if": {"required": ["extends"]},
        "then": {"anyOf": [{"$ref": f"#/$defs/{member.__name__}{_PARTIAL}"} for member in members]},
        "else": {"oneOf": [{"$ref": f"#/$defs/{member.__name__}"} for member in members]},
        "$defs": whole | partial,
    }


def _allow_search(definitions: dict[str, Any], recipe: dict[str, Any]) -> None:
    """Allow a search space in a recipe, also beside beam-search settings."""
    properties = recipe["properties"]
    own = properties.setdefault(SECTION, _SEARCH)
    if own is not _SEARCH:
        names = "|".join(name for name in properties if name != SECTION)
        definitions[own["$ref"].rpartition("/")[2]]["patternProperties"] = {f"^({names})([.]|$)": {}}


def _any_member(schema: Any) -> Any:
    """Allow any family member in a section without a kind: its schema lacks the default."""
    if isinstance(schema, list):
        return [_any_member(item) for item in schema]
    if isinstance(schema, dict):
        return {"anyOf" if key == "oneOf" else key: _any_member(item) for key, item in schema.items()}
    return schema


def _without_required(schema: Any) -> Any:
    """Schema with every key optional."""
    if isinstance(schema, list):
        return [_without_required(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    partial = {
        key: _without_required(item) for key, item in schema.items() if not isinstance(item, list) or key != "required"
    }
    if isinstance(reference := partial.get("$ref"), str):
        partial["$ref"] = reference + _PARTIAL
    return partial
