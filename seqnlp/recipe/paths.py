"""Paths in recipes: their resolver, and missing files."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from seqnlp.errors import DataError, Fault
from seqnlp.readers.catalogue import CATALOGUE
from seqnlp.recipe.load import place_faults
from seqnlp.recipe.recipe import Recipe
from seqnlp.recipe.shipped import find_file
from seqnlp.spec import Spec


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
