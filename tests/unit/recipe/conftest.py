"""A small task of the tests' own, so that they do not depend on the real ones."""

from abc import ABC
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import pytest
from pydantic import Field, field_validator

from seqnlp.errors import Fault, RecipeError
from seqnlp.recipe import Recipe, parse_recipe
from seqnlp.spec import Family, Spec


class Cell(Family, ABC):
    size: Annotated[int, Field(ge=1, le=512)] = 8
    """How many units."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1


class Gru(Cell):
    kind: Literal["gru"] = "gru"
    backwards: bool = False


class Lstm(Cell):
    kind: Literal["lstm"] = "lstm"
    forget: float = 1.0


class Chars(Family, ABC):
    default_kind: ClassVar[str | None] = "cnn"


class Cnn(Chars):
    kind: Literal["cnn"] = "cnn"
    widths: Annotated[list[Annotated[int, Field(ge=1, le=9)]], Field(min_length=1)] = [3]


class Words(Spec):
    min_count: int
    """How often a word must occur.
    More often is better."""
    lowercase: bool = False
    name: Annotated[str, Field(pattern="[a-z]*", max_length=9)] = ""


class Tiny(Recipe):
    task: Literal["tiny"] = "tiny"
    cell: Cell = Gru()
    chars: Chars | None = None
    words: Words | None = None
    stack: list[Cell] = []
    by_name: dict[str, Cell] = {}
    schedule: Literal["cosine", "linear"] = "cosine"
    steps: Annotated[int, Field(ge=1)] | Literal["auto"] = "auto"
    rate: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.1
    title: str = ""
    channels: Literal[1, 2] = 1

    @field_validator("title")
    @classmethod
    def is_short(cls, title: str) -> str:
        if len(title) > 10:
            raise ValueError("a title has 10 letters at most")
        return title

    def faults(self) -> Iterator[Fault]:
        if self.words is not None and self.words.lowercase and self.chars is not None:
            yield Fault("words.lowercase", "letters would be of no use", "leave out [chars]")
        if any(cell.size > 500 for cell in self.stack):
            yield Fault("stack.0.size", "the stack is too large")


@pytest.fixture(autouse=True, scope="module")
def only_the_tiny_task() -> Iterator[None]:
    """Hide the tasks of other tests, and these tests' from others."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Recipe, "members", {"tiny": Tiny})
        yield


Recipe.members.pop("tiny")

HEAD = 'task = "tiny"\ndata = { reader = "conllu", train = "a", dev = "b" }\n'
"""Two lines with which a recipe of these tests begins, all that it needs."""


@pytest.fixture
def faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Gives the faults of a recipe that begins with the two lines of HEAD, as text."""
    monkeypatch.chdir(tmp_path)

    def of(text: str, *overrides: str, head: str = HEAD) -> list[str]:
        with pytest.raises(RecipeError) as caught:
            parse_recipe(head + text, "r.toml", overrides)
        return [str(fault) for fault in caught.value.faults]

    return of


@pytest.fixture
def parse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Tiny]:
    """Gives the recipe that a text, begun with the two lines of HEAD, stands for."""
    monkeypatch.chdir(tmp_path)

    def of(text: str, *overrides: str) -> Tiny:
        recipe = parse_recipe(HEAD + text, "r.toml", overrides)
        assert isinstance(recipe, Tiny)
        return recipe

    return of
