"""Recipes in brief, for those who choose one."""

from pathlib import Path
from typing import NamedTuple

from seqnlp.errors import SeqnlpError
from seqnlp.recipe.shipped import known_recipes
from seqnlp.recipe.source import read_document, read_text


class Listed(NamedTuple):
    """A recipe in brief."""

    name: str
    task: str
    """Empty for a recipe that can't be read."""
    about: str
    """The first line of the comment at its top, or why it can't be read."""
    path: str


def listed_recipes() -> list[Listed]:
    """All recipes that a bare name can mean, without validating any."""
    return [_brief(name, path) for name, path in known_recipes().items()]


def _brief(name: str, path: Path) -> Listed:
    try:
        text = read_text(path)
        task = read_document(text, path).data.get("task", "")
    except SeqnlpError as error:
        return Listed(name, "", f"not readable: {str(error).splitlines()[0]}", str(path))
    return Listed(name, str(task), _first_comment(text), str(path))


def _first_comment(text: str) -> str:
    """The first comment above the first key, but for what is meant for an editor (`#:schema`)."""
    for line in text.splitlines():
        words = line.strip()
        if words and not words.startswith("#"):
            break
        comment = words.lstrip("#").strip()
        if comment and not comment.startswith(":"):
            return comment
    return ""
