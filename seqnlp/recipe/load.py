"""Recipe files -> validated `Recipe`s, or all their faults at once; the paths in them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from seqnlp.errors import DataError, Fault, RecipeError
from seqnlp.readers.catalogue import CATALOGUE
from seqnlp.recipe.document import Document, override
from seqnlp.recipe.messages import add_places, validation_faults
from seqnlp.recipe.plugins import import_plugins
from seqnlp.recipe.recipe import Recipe
from seqnlp.recipe.search_space import Space, check_space, take_space
from seqnlp.recipe.shipped import find_file, find_recipe, shipped_root
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


def load_space(
    name_or_path: str | Path, overrides: Sequence[str] = (), trust: bool = False
) -> tuple[Recipe, Space, dict[str, Any] | None]:
    """Load a recipe with its search space; the same arguments and errors as `load_recipe`.

    Returns:
        The recipe, the space, and the values that the recipe itself has for the keys of the space, if these are among
        the candidates.
    """
    path = find_recipe(name_or_path)
    recipe, space, document = _parse(read_text(path), path, overrides, trust)
    return recipe, space, space.own_values(recipe, document)


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
    return _parse(text, path, overrides, trust)[0]


def _parse(text: str, path: str | Path, overrides: Sequence[str], trust: bool) -> tuple[Recipe, Space, Document]:
    """Recipe, its search space, and its settings as they are written."""
    document = _document(text, path, overrides)
    import_plugins(document, trust)
    raw = take_space(document)
    try:
        recipe = Recipe.parse(document.data)
    except ValidationError as error:
        raise RecipeError(validation_faults(error, document)) from None
    unused = () if is_of_run(Path(path)) else recipe.unused_settings()  # a trained model stays as it is
    faults = add_places([*recipe.faults(), *unused], document)
    if faults:
        raise RecipeError(faults)
    return recipe, check_space(raw, document), document


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


def _searches(recipe: Recipe) -> dict[str, tuple[str, Callable[[Callable[[str], Path]], object]]]:
    """Files that a recipe names, by dotted key: the name, and a function that looks the file up by a resolver."""
    found: dict[str, tuple[str, Callable[[Callable[[str], Path]], object]]] = {
        f"data.{split}": (source, partial(recipe.locate, source)) for split, source in recipe.data.splits.items()
    }
    for name, section in recipe:
        if isinstance(section, Spec):
            for key, source in section.named_files().items():
                found[f"{name}.{key}"] = source, partial(_looked_up, source)
    return found


def _looked_up(source: str, find: Callable[[str], Path]) -> Path:
    return find(source)


def anchored_paths(recipe: Recipe, file: Path) -> dict[str, str]:
    """Absolute paths of the files that a recipe names, by key.

    Files that ship are left out. With the paths a copy of the recipe elsewhere finds the same files, from any folder.
    """
    find, anchored = path_resolver(file), {}
    for key, (source, search) in _searches(recipe).items():
        roots: list[str] = []

        def record(asked: str, roots: list[str] = roots) -> Path:
            found, shipped = find(asked), shipped_root() / asked
            ships = shipped.exists() and shipped.samefile(found)
            if not ships and str(found).endswith(asked):
                roots.append(str(found).removesuffix(asked))
            return found

        with suppress(DataError):  # one that is missing is told where it is read
            search(record)
        if roots:
            anchored[key] = os.path.join(os.path.abspath(roots[0] or "."), source)
    return anchored


def missing_files(recipe: Recipe, file: Path, overrides: Sequence[str] = ()) -> list[Fault]:
    """List missing files of a valid recipe, loaded with these overrides.

    Nothing is read, nothing asked of the Hub.
    """
    find = path_resolver(file)
    missing: dict[str, Fault] = {}
    for key, (_, search) in _searches(recipe).items():
        try:
            search(find)
        except DataError as error:  # splits may be parts of one file, which is named once
            missing.setdefault(str(error), Fault(key, error.found, error.hint))
    return place_faults(list(missing.values()), file, overrides) if missing else []
