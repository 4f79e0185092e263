"""Where recipes and corpora lie: in the project of the user, or among those that ship."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from seqnlp.errors import DataError
from seqnlp.spelling import nearest

_PACKAGE = Path(__file__).resolve().parents[1]


def shipped_root() -> Path:
    """The folder of `recipes/` and `corpora/`: inside an installed package, beside it in a checkout."""
    inside = _PACKAGE / "shipped"
    return inside if inside.is_dir() else _PACKAGE.parent


def shipped_recipes() -> dict[str, Path]:
    """The recipes that ship, by name."""
    return _recipes_in(shipped_root() / "recipes")


def known_recipes() -> dict[str, Path]:
    """All recipes that a bare name can mean: `recipes/` in the working directory goes before what ships."""
    known = shipped_recipes() | _recipes_in(Path("recipes"))
    return dict(sorted(known.items()))


def find_recipe(name_or_path: str | Path) -> Path:
    """Find a recipe by its path or by its bare name, such as `pos_gru`.

    Raises:
        DataError: if there is none, with the nearest name that there is.
    """
    path = Path(name_or_path).expanduser()
    if path.is_file():
        return path
    known = known_recipes()
    if str(path).removesuffix(".toml") in known:
        return known[str(path).removesuffix(".toml")]
    if path.exists():
        return path
    found = nearest(path.stem, known)
    hint = f"; did you mean `{found}`?" if found else "; `seqnlp recipes ls` lists those that ship"
    raise DataError(f"there is no such recipe{hint}", path)


def find_file(
    source: str | Path, recipe: Path | None = None, advice: Callable[[str], str | None] = lambda source: None
) -> Path:
    """Find a file that a recipe names.

    An absolute path is taken as it is. Any other is looked up in the working directory, in the folder of the
    recipe, in the folder around that one (the project), and among the corpora that ship.

    Args:
        source: The path as written in the recipe.
        recipe: The recipe's own file, if it has one.
        advice: Says what a user may do about a path that is not there, for instance how to fetch it.

    Raises:
        DataError: naming every place that was tried.
    """
    path = Path(os.path.expanduser(source))
    roots = [Path()]
    if recipe is not None:
        roots += [recipe.parent, recipe.resolve().parent.parent]
    roots.append(shipped_root())
    tried = [root / path for root in roots]
    for candidate in tried:
        if os.path.isfile(candidate):  # unlike `Path.is_file`, of a name that is too long no error
            return candidate
    for candidate in tried:
        if os.path.isdir(candidate):
            raise DataError("this is a directory; expected a file", candidate)
    places = dict.fromkeys(str(candidate.absolute()) for candidate in tried)
    hint = advice(str(source)) or _near(tried)
    raise DataError("no such file", source, hint=hint, tried=places)


def _near(tried: list[Path]) -> str:
    """The file with the most similar name in a folder that was looked into."""
    for candidate in tried:
        if candidate.parent == Path() or not os.path.isdir(candidate.parent):
            continue
        names = [file.name for file in candidate.parent.glob("*") if file.is_file()]
        if found := nearest(candidate.name, names):
            return f"did you mean {candidate.parent / found}?"
    return ""


def _recipes_in(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}
