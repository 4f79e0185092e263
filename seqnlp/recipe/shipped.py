"""Recipes and corpora of the user's project and of the package."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from seqnlp.errors import DataError, SeqnlpError
from seqnlp.recipe.source import read_document, read_text
from seqnlp.spelling import nearest

_PACKAGE = Path(__file__).resolve().parents[1]


def shipped_root() -> Path:
    """Folder of `recipes/` and `corpora/`: inside an installed package, beside it in a checkout."""
    inside = _PACKAGE / "shipped"
    return inside if inside.is_dir() else _PACKAGE.parent


def shipped_recipes() -> dict[str, Path]:
    """Recipes that ship, by name."""
    return _recipes_in(shipped_root() / "recipes")


def known_recipes() -> dict[str, Path]:
    """Recipes by bare name; `recipes/` in the working directory takes precedence over those that ship."""
    known = shipped_recipes() | _recipes_in(Path("recipes"))
    return dict(sorted(known.items()))


def find_recipe(name_or_path: str | Path) -> Path:
    """Find a recipe by path or by bare name, such as `pos_gru`.

    Raises:
        DataError: if there is none, with the most similar name.
    """
    path = Path(os.path.expanduser(name_or_path))
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
    """Resolve the path of a file in a recipe; one that ends in `/` is the path of a folder.

    An absolute path is taken as it is. Any other is looked up in the working directory, in the folder of the
    recipe, in the folder around that one (the project), and among the corpora that ship.

    Args:
        source: The path as written in the recipe.
        recipe: The recipe's own file, if it has one.
        advice: Gives a hint for a path that does not exist, for instance how to fetch it.

    Raises:
        DataError: naming every place that was tried.
    """
    path, is_folder = Path(os.path.expanduser(source)), str(source).endswith("/")
    is_there = os.path.isdir if is_folder else os.path.isfile  # unlike `Path.is_file`, of too long a name no error
    roots = [Path()]
    if recipe is not None:
        roots += [recipe.parent, recipe.resolve().parent.parent]
    roots.append(shipped_root())
    tried = [root / path for root in roots]
    for candidate in tried:
        if is_there(candidate):
            return candidate
    for candidate in tried:
        if not is_folder and os.path.isdir(candidate):
            raise DataError("this is a directory; expected a file", candidate)
        if is_folder and os.path.isfile(candidate):
            raise DataError("this is a file; expected a folder", candidate)
        if os.path.exists(candidate):
            expected = "folder" if is_folder else "file"
            raise DataError(f"this is a pipe or a device; expected a {expected}", candidate)
    places = dict.fromkeys(str(candidate.absolute()) for candidate in tried)
    hint = advice(str(source)) or _near(tried)
    raise DataError("no such folder" if is_folder else "no such file", source, hint=hint, tried=places)


def _near(tried: list[Path]) -> str:
    """Hint with the most similar file name in the folders tried."""
    for candidate in tried:
        if candidate.parent == Path() or not os.path.isdir(candidate.parent):
            continue
        names = [file.name for file in candidate.parent.glob("*") if file.is_file()]
        if found := nearest(candidate.name, names):
            return f"did you mean {candidate.parent / found}?"
    return ""


def _recipes_in(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


class RecipeSummary(NamedTuple):
    """Name, task and description of a recipe, for lists."""

    name: str
    task: str
    """Empty for a recipe that can't be read."""
    about: str
    """First line of the comment at its top, or why it can't be read."""
    path: str


def listed_recipes() -> list[RecipeSummary]:
    """Summaries of `known_recipes`, without validation."""
    return [_summary(name, path) for name, path in known_recipes().items()]


def _summary(name: str, path: Path) -> RecipeSummary:
    try:
        text = read_text(path)
        task = read_document(text, path).data.get("task", "")
    except SeqnlpError as error:
        return RecipeSummary(name, "", f"not readable: {str(error).splitlines()[0]}", str(path))
    return RecipeSummary(name, str(task), _first_comment(text), str(path))


def _first_comment(text: str) -> str:
    """First comment above the first key that is not for an editor (`#:schema`)."""
    for line in text.splitlines():
        words = line.strip()
        if words and not words.startswith("#"):
            break
        comment = words.lstrip("#").strip()
        if comment and not comment.startswith(":"):
            return comment
    return ""
