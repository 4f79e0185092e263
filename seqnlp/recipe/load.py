"""Recipe files -> validated `Recipe`s, or all their faults at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from seqnlp.errors import Fault, RecipeError
from seqnlp.recipe.document import Document
from seqnlp.recipe.messages import add_places, validation_faults
from seqnlp.recipe.overrides import override
from seqnlp.recipe.plugins import import_plugins
from seqnlp.recipe.recipe import Recipe
from seqnlp.recipe.shipped import find_recipe
from seqnlp.recipe.source import read_document, read_text


def load_recipe(name_or_path: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """Load and validate a recipe file. The Python files under `plugins` are run.

    The tasks are known once `seqnlp.tasks` is imported, which is the caller's part.

    Args:
        name_or_path: A file, or the bare name of a recipe that ships.
        overrides: Texts `KEY=VALUE`, see `seqnlp.recipe.overrides`.

    Raises:
        DataError: if there is no such recipe.
        RecipeError: with every fault in it.
    """
    path = find_recipe(name_or_path)
    return parse_recipe(read_text(path), path, overrides)


def parse_recipe(text: str, path: str | Path = "recipe.toml", overrides: Sequence[str] = ()) -> Recipe:
    """Parse and validate the text of a recipe; an editor's, for instance.

    Args:
        text: The recipe.
        path: The file that it is from or would be saved to: it names the places of faults, and the files that
            the recipe extends are relative to it.
        overrides: Texts `KEY=VALUE`.

    Returns:
        The recipe; its `plugins` are absolute paths.

    Raises:
        RecipeError: with every fault in it.
    """
    document = _document(text, path, overrides)
    import_plugins(document)
    try:
        recipe = Recipe.parse(document.data)
    except ValidationError as error:
        raise RecipeError(validation_faults(error, document)) from None
    faults = add_places(list(recipe.faults()), document)
    if faults:
        raise RecipeError(faults)
    return recipe


def place_faults(faults: list[Fault], path: Path, overrides: Sequence[str] = ()) -> list[Fault]:
    """Add places to faults found after the recipe had been loaded."""
    return add_places(faults, _document(read_text(path), path, overrides))


def _document(text: str, path: str | Path, overrides: Sequence[str]) -> Document:
    document = read_document(text, Path(path))
    override(document, overrides)
    return document
