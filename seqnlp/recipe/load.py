"""Recipe files -> validated `Recipe`s, or all their faults at once; the paths in them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, final

from pydantic import ValidationError

from seqnlp.errors import DataError, Fault, RecipeError, UsageError
from seqnlp.notes import note
from seqnlp.readers.catalogue import CATALOGUE
from seqnlp.readers.held import PREFIX, is_memory
from seqnlp.recipe.document import Document, override
from seqnlp.recipe.messages import add_places, class_at, validation_faults
from seqnlp.recipe.plugins import import_plugins
from seqnlp.recipe.recipe import Recipe
from seqnlp.recipe.search_space import Space, check_space, take_space
from seqnlp.recipe.settings import plain_settings
from seqnlp.recipe.shipped import find_file, find_recipe, known_recipes, shipped_root
from seqnlp.recipe.source import is_of_run, read_document, read_text, settings_document
from seqnlp.spec import Spec


@final
@dataclass(frozen=True)
class RecipeSource:
    """Recipe as it was given: a file, or settings in Python."""

    name: str
    file: Path
    """File that the paths in the recipe are relative to; of settings in Python one that is not there."""
    settings: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, recipe: str | Path | Mapping[str, Any] | Recipe) -> RecipeSource:
        """Find a recipe.

        Args:
            recipe: A file, the bare name of a recipe that ships, settings as in a file, or a spec.

        Raises:
            DataError: there is no such file.
            UsageError: something else.
        """
        if isinstance(recipe, str | Path):
            file = find_recipe(recipe)
            return cls(file.stem, file)
        given: object = recipe
        if not isinstance(given, Mapping | Recipe):
            found = type(given).__name__
            raise UsageError(f"recipe: expected a file, the name of one, or settings as a dict, found {found}")
        settings = plain_settings(given)
        name = settings.get(Recipe.discriminator)
        name = name if isinstance(name, str) and name.isidentifier() else "recipe"
        return cls(name, Path.cwd() / name, settings)

    def document(self, overrides: Sequence[str] = ()) -> Document:
        """Settings before validation, overridden by texts `KEY=VALUE`."""
        if self.settings is None:
            document = read_document(read_text(self.file), self.file)
        else:
            document = settings_document(plain_settings(self.settings), self.file)
        override(document, overrides)
        return document

    def named(self, trust: bool = False, in_memory: bool = False, overrides: Sequence[str] = ()) -> Document:
        """Settings before validation, with a source of train; plugins are run. The arguments are those of `load`."""
        document = self.document(overrides)
        import_plugins(document, trust)
        if in_memory or self.settings is not None:
            _name_memory(document, in_memory)
        return document

    def load(self, overrides: Sequence[str] = (), trust: bool = False, in_memory: bool = False) -> Recipe:
        """Validate the recipe.

        Args:
            overrides: Texts `KEY=VALUE`.
            trust: The user consents to run the plugins of a run.
            in_memory: Tables are given for the splits, which the recipe need not name.

        Raises:
            seqnlp.errors.SeqnlpError: as `load_recipe`.
        """
        return _validated(self.named(trust, in_memory, overrides), self.file)[0]

    def load_space(
        self, overrides: Sequence[str] = (), trust: bool = False
    ) -> tuple[Recipe, Space, dict[str, Any] | None]:
        """Validate the recipe and its search space; the arguments and errors are those of `load`.

        Returns:
            The recipe, the space, and the values that the recipe itself has for the keys of the space, if these are
            among the candidates.
        """
        document = self.named(trust, overrides=overrides)
        recipe, space = _validated(document, self.file)
        return recipe, space, space.own_values(recipe, document)

    def place_faults(self, faults: list[Fault], overrides: Sequence[str] = ()) -> list[Fault]:
        """Add places to faults found after the recipe had been loaded."""
        return add_places(faults, self.document(overrides))


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
    return RecipeSource.of(name_or_path).load(overrides, trust)


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
    document = read_document(text, Path(path))
    override(document, overrides)
    import_plugins(document, trust)
    return _validated(document, Path(path))[0]


def _name_memory(document: Document, in_memory: bool) -> None:
    """Name memory as the source of train, and as its reader.

    A reader that the recipe names, or its task has by default, stays.

    Args:
        document: Changed in place.
        in_memory: Tables are given: files that the recipe names are left out, and a note tells of them. If not, a
            recipe that names a file is left as it is.
    """
    section, spec = document.data.setdefault("data", {}), class_at(Recipe, document.data, ("data",))
    if not isinstance(section, dict) or spec is None or ("train" in section and not in_memory):
        return
    named = {name: section.pop(name) for name in ("train", "dev", "test") if isinstance(section.get(name), str)}
    if files := [f"data.{name}" for name, source in named.items() if not is_memory(source)]:
        note(f"{', '.join(files)} of the recipe {'are' if len(files) > 1 else 'is'} not read: data are given")
    section.setdefault("train", f"{PREFIX}train")
    if spec.model_fields["reader"].is_required():
        section.setdefault("reader", "memory")


def _validated(document: Document, path: Path) -> tuple[Recipe, Space]:
    """Recipe and search space of a document; `path` is its file."""
    raw = take_space(document)
    try:
        recipe = Recipe.parse(document.data)
    except ValidationError as error:
        raise RecipeError(validation_faults(error, document)) from None
    unused = () if is_of_run(path) else recipe.unused_settings()  # a trained model stays as it is
    faults = add_places([*recipe.faults(), *unused], document)
    if faults:
        raise RecipeError(faults)
    return recipe, check_space(raw, document)


def path_resolver(recipe: Path) -> Callable[[str], Path]:
    """Make the resolver of paths in a recipe; it advises how to fetch public corpora, and how to train a run."""

    def advice(source: str) -> str | None:
        folder, *rest = Path(source).parts
        name = rest[0] if rest else ""
        if folder == "runs" and name in known_recipes():
            return f"train it with `seqnlp train {name}`"
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
            bare = asked.rstrip("/")  # of a folder
            if not ships and str(found).endswith(bare):
                roots.append(str(found).removesuffix(bare))
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
    return RecipeSource.of(file).place_faults(list(missing.values()), overrides) if missing else []
