"""Docstrings: the first sentence is a noun phrase or an imperative of at most 12 words."""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "seqnlp"
LONGEST = 12
OPENERS = {
    "what",
    "whether",
    "how",
    "those",
    "that",
    "they",
    "which",
    "who",
    "whose",
    "where",
    "when",
    "so",
    "these",
    "says",
}


def docstrings(path: Path) -> Iterator[tuple[int, str, bool]]:
    """Every docstring with its line; true for those under a field or a constant."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield getattr(node, "lineno", 1), text, False
            for field, below in pairwise(node.body):
                match field, below:
                    case ast.Assign() | ast.AnnAssign(), ast.Expr(ast.Constant(str(text))):
                        yield below.lineno, text, True


def first_sentence(text: str) -> str:
    """Up to the first stop, colon, semicolon or bracket."""
    paragraph = " ".join(text.strip().split("\n\n")[0].split())
    return re.split(r"[.:;(](?:\s|$)|\s\(", paragraph + " ")[0]


def test_a_docstring_begins_with_a_noun_or_an_imperative() -> None:
    dodging = [
        f"{path.relative_to(PACKAGE.parent)}:{line}: {first_sentence(text)}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for line, text, _ in docstrings(path)
        if re.match(r"[\w'-]*", text.strip().lower())[0] in OPENERS  # type: ignore[index]
    ]
    assert not dodging, "\n" + "\n".join(dodging)


def test_the_first_sentence_of_a_docstring_is_short() -> None:
    long = [
        f"{path.relative_to(PACKAGE.parent)}:{line}: {first_sentence(text)}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for line, text, under_a_field in docstrings(path)
        if not under_a_field and len(first_sentence(text).split()) > LONGEST
    ]
    assert not long, "\n" + "\n".join(long)
