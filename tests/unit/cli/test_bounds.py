"""Every number that a command, a request or a recipe takes has a range; past it there is one line that names it."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import Parameter, signature
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from typer.testing import CliRunner

from seqnlp.cli.app import app
from seqnlp.errors import RecipeError, UsageError
from seqnlp.limits import RECIPE_INTEGER
from seqnlp.recipe import find_recipe, load_recipe
from seqnlp.recipe.source import read_text
from seqnlp.tasks.registry import import_tasks

TOO_LARGE = 10**30


def number_of(annotation: Any) -> type | None:
    """`int` or `float` for the annotation of a number, a list of numbers, or one that can be left out."""
    if annotation in (int, float):
        return annotation  # type: ignore[no-any-return]
    found = [number_of(inner) for inner in get_args(annotation)]
    return next((kind for kind in found if kind is not None), None)


def numeric_options() -> Iterator[tuple[list[str], str, Any, list[str]]]:
    """Find the numbers among the parameters of all commands, from their functions."""
    groups = [
        ([], app),
        *(([group.name], group.typer_instance) for group in app.registered_groups if group.typer_instance),
    ]
    for path, group in groups:
        for command in group.registered_commands:
            assert command.callback is not None
            hints = get_type_hints(command.callback, include_extras=True)
            required = [
                "x"
                for name, parameter in signature(command.callback).parameters.items()
                if parameter.default is Parameter.empty
            ]
            for name, hint in hints.items():
                inner, *extras = get_args(hint) or [hint]
                if get_origin(hint) in (Union, UnionType):
                    inner, extras = hint, []
                if number_of(inner) is not None:
                    words = [*path, command.name or command.callback.__name__]
                    yield [str(word) for word in words], name, extras[0] if extras else None, required


OPTIONS = [pytest.param(*found, id=" ".join([*found[0], found[1]])) for found in numeric_options()]


def test_there_are_numbers() -> None:
    assert len(OPTIONS) >= 20


@pytest.mark.parametrize(("words", "name", "option", "required"), OPTIONS)
def test_every_numeric_option_has_a_range(words: list[str], name: str, option: Any, required: list[str]) -> None:
    assert option is not None
    assert option.min is not None
    assert option.max is not None
    for found in (option.max + 1, option.min - 1, "nan", "inf", TOO_LARGE):
        switch = f"--{name.replace('_', '-')}"
        done = CliRunner().invoke(app, [*words, *required, f"{switch}={found}"])
        assert isinstance(done.exception, UsageError)
        kind = "whole number" if isinstance(option.max, int) else "number"
        bounds = f"a {kind} from {option.min} to {option.max:,}"
        assert str(done.exception) == f"{switch} {found}: expected {bounds}"


def test_help_tells_the_range() -> None:
    shown = CliRunner().invoke(app, ["tag", "--help"]).stdout
    assert "1<=x<=1000" in shown


def numbers(table: dict[str, Any], before: str = "") -> Iterator[tuple[str, int | float]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from numbers(value, f"{before}{key}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield before + key, value


@pytest.mark.parametrize("name", ["pos_gru", "sentiment_lstm", "char_lstm", "reverse_words", "series_gru"])
def test_whole_numbers_of_a_recipe_are_bounded(name: str) -> None:
    """What is larger overflows in torch, or is not counted to its end."""
    import_tasks()
    file = find_recipe(name)
    keys = [key for key, value in numbers(load_recipe(file).model_dump()) if isinstance(value, int)]
    assert "seed" in keys
    for key in keys:
        with pytest.raises(RecipeError) as caught:
            load_recipe(file, [f"{key}={TOO_LARGE}"])
        assert caught.value.faults[0].key == key
        assert str(TOO_LARGE) in caught.value.faults[0].problem


def test_a_bound_of_its_own_counts(tmp_path: Path) -> None:
    import_tasks()
    file = tmp_path / "mine.toml"
    file.write_text(read_text(find_recipe("series_gru")))
    assert load_recipe(file, [f"seed={2**62}"]).seed == 2**62
    assert load_recipe(file, [f"training.patience={RECIPE_INTEGER}"])


def test_the_service_has_the_bounds_of_the_library() -> None:
    """A request's settings are keyword arguments of the library, which checks them."""
    from seqnlp.nn.beam_search import Search
    from seqnlp.nn.sampling import Sampling

    for settings in ({"temperature": 1e9}, {"repetition_penalty": 1e9}, {"top_k": 10**9}):
        with pytest.raises(UsageError, match=rf"{next(iter(settings))} [\d,.]+: expected [\d,.]+ or less"):
            Sampling(**settings)
    for searched in ({"beam": 10**8}, {"alpha": 1e9}, {"no_repeat": 10**9}):
        with pytest.raises(UsageError, match=rf"{next(iter(searched))} [\d,.]+: expected [\d,.]+ or less"):
            Search(**searched)
