"""From a `Recipe` back to TOML."""

from typing import Any

import tomli_w

from seqnlp.recipe.recipe import Recipe


def dump_recipe(recipe: Recipe) -> str:
    """Write every setting, defaults included, but for what is None; parsing it gives the recipe back."""
    return tomli_w.dumps(_kind_first(recipe.model_dump(exclude_none=True)))


def _kind_first(value: Any) -> Any:
    """What says which kind of section this is comes before its settings."""
    if isinstance(value, list):
        return [_kind_first(item) for item in value]
    if not isinstance(value, dict):
        return value
    keys = sorted(value, key=lambda key: key not in ("task", "kind"))
    return {key: _kind_first(value[key]) for key in keys}
