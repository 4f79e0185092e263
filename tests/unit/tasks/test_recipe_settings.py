"""Recipes as settings in Python: the faults of a file, placed by their keys."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqnlp.encoders import Gru
from seqnlp.errors import DataError, RecipeError, UsageError
from seqnlp.readers import Memory, Series
from seqnlp.recipe import RecipeSource
from seqnlp.recipe.settings import plain_settings
from seqnlp.tasks.registry import import_tasks

import_tasks()


def faults(settings: Any, *overrides: str) -> list[str]:
    with pytest.raises(RecipeError) as raised:
        RecipeSource.of(settings).load(overrides)
    return str(raised.value).splitlines()


def test_values_of_python_are_those_of_toml() -> None:
    settings = {
        "a": (1, 2),
        "b": None,
        "c": np.int64(3),
        "d": np.float32(0.5),
        "e": Path("x"),
        "f": np.str_("y"),
        "g": True,
        "h": Gru(size=3),
        "i": {"j": [{"k": None}]},
    }
    found = plain_settings(settings)
    assert found == {
        "a": [1, 2],
        "c": 3,
        "d": 0.5,
        "e": "x",
        "f": "y",
        "g": True,
        "h": {"kind": "gru", "size": 3},
        "i": {"j": [{}]},
    }
    assert [type(found[key]) for key in "cdf"] == [int, float, str]
    with pytest.raises(RecipeError) as raised:
        plain_settings({"a": {"b": {1}}, "c": [print], "d": {3: 4}})
    assert [fault.key for fault in raised.value.faults] == ["a.b", "c.0", "d"]


def test_faults_are_placed_by_their_keys() -> None:
    settings = {"task": "classify", "encoder": {"kind": "gru", "szie": 3}, "decoder": "mox", "seed": "a"}
    assert faults(settings, "training.epochs=x") == [
        'seed: expected a whole number, found the string "a"',
        "encoder.szie: unknown key (did you mean `size`?)",
        'decoder: unknown kind "mox"; expected "last", "mean", "max", "concat" or "attention" (did you mean "max"?)',
        '--set training.epochs=x: training.epochs: expected a whole number, found the string "x"',
    ]
    assert faults({"task": "classify", "data": {"text": "a", "tokens": "b"}}) == [
        "data.tokens: both `text` and `tokens` are named (leave out one of them)"
    ]
    assert faults({}) == ['there are no settings (for instance {"task": "classify", ...})']


def test_data_need_not_be_named() -> None:
    recipe = RecipeSource.of({"task": "tag"}).load()
    assert isinstance(recipe.data.reader, Memory)
    assert (recipe.data.splits, recipe.data.drawn) == ({"train": "memory:train"}, {"dev": 0.1})
    series = RecipeSource.of({"task": "forecast", "data": {"reader": {"kind": "series", "freq": "h"}}}).load()
    assert isinstance(series.data.reader, Series)


def test_settings_extend_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("base.toml").write_text(
        'task = "tag"\n[data]\nreader = "conllu"\ntrain = "x.conllu"\n[encoder]\nkind = "gru"\nsize = 3\n'
    )
    source = RecipeSource.of({"extends": "base.toml", "encoder": {"size": 5}})
    recipe = source.load()
    assert recipe.data.train == "x.conllu"
    assert source.document().data["encoder"] == {"kind": "gru", "size": 5}
    assert faults({"extends": "bas.toml"}) == [
        f"extends: there is no file {tmp_path / 'bas.toml'} (did you mean `base.toml`?)"
    ]


def test_something_else_is_refused() -> None:
    with pytest.raises(UsageError, match="recipe: expected a file, the name of one, or settings as a dict, found int"):
        RecipeSource.of(3)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="did you mean `pos_gru`"):
        RecipeSource.of("pos_grru")
