"""Recipe files -> validated `Recipe`s, or all their faults at once; the paths in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from seqnlp.errors import DataError, Fault, RecipeError
from seqnlp.readers.catalogue import CATALOGUE
from seqnlp.recipe.document import Document, override
from seqnlp.recipe.messages import add_places, validation_faults
from seqnlp.recipe.plugins import import_plugins
from seqnlp.recipe.recipe import Recipe
from seqnlp.recipe.shipped import find_file, find_recipe
from seqnlp.recipe.source import is_of_run, read_document, read_text
from seqnlp.spec import Spec


def load_recipe(name_or_path: str | Path, overrides: Sequence[str] = (), trust: bool = False) -> Recipe:
    """Load and validate a recipe file. The Python files under `plugins` are run.

    The tasks are known once `seqnlp.tasks` is imported, which is the caller's part.

    Args:
        name_or_path: A file, or the bare name of a recipe that ships.
        overrides: Texts `KEY=VALUE`, see `seqnlp.recipe.document`.
        trust: The user consents to run the plugins of a run.

    Raises:
        DataError: if there is no such recipe.
        UntrustedPlugin: if it is the recipe of a run with plugins that the user has not consented to run.
        RecipeError: with every fault in it.
    """
    path = find_recipe(name_or_path)
    return parse_recipe(read_text(path), path, overrides, trust)


def parse_recipe(
    text: str, path: str | Path = "recipe.toml", overrides: Sequence[str] = (), trust: bool = False
) -> Recipe:
    """Parse and validate the text of a recipe; an editor's, for instance.

    Args:
        text: The recipe.
        path: The file that it is from or would be saved to: it names the places of faults, and the files that
            the recipe extends are relative to it.
        overrides: Texts `KEY=VALUE`.
        trust: The user consents to run the plugins of a run.

    Returns:
        The recipe; its `plugins` are absolute paths.

    Raises:
        UntrustedPlugin: if it is the recipe of a run with plugins that the user has not consented to run.
        RecipeError: with every fault in it.
    """
    document = _document(text, path, overrides)
    import_plugins(document, trust)
    try:
        recipe = Recipe.parse(document.data)
    except ValidationError as error:
        raise RecipeError(validation_faults(error, document)) from None
    unused = () if is_of_run(Path(path)) else recipe.unused_settings()  # a trained model stays as it is
    faults = add_places([*recipe.faults(), *unused], document)
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


def path_resolver(recipe: Path) -> Callable[[str], Path]:
    """Make the resolver of paths in a recipe; it advises how to fetch public corpora."""

    def advice(source: str) -> str | None:
        folder, *rest = Path(source).parts
        name = rest[0] if rest else ""
        return f"fetch it with `seqnlp corpora get {name}`" if folder == "corpora" and name in CATALOGUE else None

    return partial(find_file, recipe=recipe, advice=advice)


def missing_files(recipe: Recipe, file: Path, overrides: Sequence[str] = ()) -> list[Fault]:
    """List missing files of a valid recipe, loaded with these overrides.

    Nothing is read, nothing asked of the Hub.
    """
    find = path_resolver(file)
    searches: dict[str, Callable[[], object]] = {
        f"data.{split}": partial(recipe.locate, source, find) for split, source in recipe.data.splits.items()
    }
    for name, section in recipe:
        if isinstance(section, Spec):
            searches |= {f"{name}.{key}": partial(find, source) for key, source in section.named_files().items()}
    missing: dict[str, Fault] = {}
    for key, search in searches.items():
        try:
            search()
        except DataError as error:  # splits may be parts of one file, which is named once
            missing.setdefault(str(error), Fault(key, error.found, error.hint))
    return place_faults(list(missing.values()), file, overrides) if missing else []
