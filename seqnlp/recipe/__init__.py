"""Recipes: TOML files, checked once and as a whole, from then on a frozen typed tree.

recipe.py, data.py    the tree
shipped.py            where recipes and the files that they name are; listed.py tells of each in brief
source.py, syntax.py  from a file, and what it extends, to a document of nested settings with places
locate.py             the line and column of each key of a TOML text
document.py           settings and places, laid over each other
overrides.py          `--set KEY=VALUE`
plugins.py            Python files of the user
load.py               all of the above, then validation
faults.py             what is wrong, in plain words; also sections.py, hints.py, wording.py
dump.py, schema.py    a recipe as TOML; all recipes as a JSON schema
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seqnlp.recipe.data import Data
    from seqnlp.recipe.dump import dump_recipe
    from seqnlp.recipe.load import load_recipe, parse_recipe, place_faults
    from seqnlp.recipe.recipe import Recipe
    from seqnlp.recipe.schema import recipe_schema
    from seqnlp.recipe.shipped import find_file, find_recipe, known_recipes, shipped_recipes, shipped_root

__all__ = [
    "Data",
    "Recipe",
    "dump_recipe",
    "find_file",
    "find_recipe",
    "known_recipes",
    "load_recipe",
    "parse_recipe",
    "place_faults",
    "recipe_schema",
    "shipped_recipes",
    "shipped_root",
]

_FILES = {
    "Data": "data",
    "Recipe": "recipe",
    "dump_recipe": "dump",
    "load_recipe": "load",
    "parse_recipe": "load",
    "place_faults": "load",
}
_FILES |= {"recipe_schema": "schema"}


def __getattr__(name: str) -> Any:
    """Import a file only when something of it is used: looking for a recipe needs no pydantic."""
    if name not in __all__:
        raise AttributeError(f"module 'seqnlp.recipe' has no attribute {name!r}")
    return getattr(import_module(f"seqnlp.recipe.{_FILES.get(name, 'shipped')}"), name)
