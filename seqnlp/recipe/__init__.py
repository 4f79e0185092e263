"""Recipes: TOML files, validated as a whole into a frozen typed tree.

recipe.py     the tree, `Recipe` and `Data`, and its TOML
shipped.py    paths of recipes and of the files that they name, and a list of them
source.py     a file and the recipes that it extends -> a document; TOML syntax errors
locate.py     line and column of each key of a TOML text
document.py   settings with their places, merged over each other, and `--set KEY=VALUE`
plugins.py    Python files of the user
settings.py   settings in Python, as plain values
load.py       all of the above, then validation; files that a recipe names, and those that are missing
messages.py   validation errors as plain messages with hints
search_space.py  the section `[search]`: keys to search, and their candidates
start.py      the section `start`: transfer learning from another run
schema.py     the JSON schema of all recipes
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seqnlp.recipe.load import RecipeSource, load_recipe, parse_recipe
    from seqnlp.recipe.recipe import Data, Recipe, dump_recipe, settings_toml
    from seqnlp.recipe.schema import recipe_schema
    from seqnlp.recipe.shipped import find_file, find_recipe, known_recipes, shipped_recipes, shipped_root
    from seqnlp.recipe.start import Start

__all__ = [
    "Data",
    "Recipe",
    "RecipeSource",
    "Start",
    "dump_recipe",
    "find_file",
    "find_recipe",
    "known_recipes",
    "load_recipe",
    "parse_recipe",
    "recipe_schema",
    "settings_toml",
    "shipped_recipes",
    "shipped_root",
]

_FILES = dict.fromkeys(("Data", "Recipe", "dump_recipe", "settings_toml"), "recipe")
_FILES |= dict.fromkeys(("RecipeSource", "load_recipe", "parse_recipe"), "load")
_FILES |= {"recipe_schema": "schema", "Start": "start"}


def __getattr__(name: str) -> Any:
    """Import a file only when something of it is used: looking for a recipe needs no pydantic."""
    if name not in __all__:
        raise AttributeError(f"module 'seqnlp.recipe' has no attribute {name!r}")
    return getattr(import_module(f"seqnlp.recipe.{_FILES.get(name, 'shipped')}"), name)
