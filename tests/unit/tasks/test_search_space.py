"""The section [search]: every candidate is tried in its place, and every fault is told at its line."""

from pathlib import Path
from typing import Any

import pytest

from seqnlp.errors import Fault, RecipeError
from seqnlp.recipe import RecipeSource, load_recipe
from seqnlp.recipe.search_space import Range, Space
from seqnlp.tasks.registry import import_tasks

TAG = """
task = "tag"
data = { reader = "conllu", train = "a", tokens = "form", labels = ["upos"] }
optimizer = "adamw"
[embedding.words]
size = 8
[encoder]
kind = "gru"
size = 64
"""
TRANSLATE = """
task = "translate"
data = { reader = { kind = "parallel", names = ["source", "target"] }, train = "a" }
optimizer = "adamw"
"""


@pytest.fixture(scope="module", autouse=True)
def tasks() -> None:
    import_tasks()


def space_of(folder: Path, search: str, recipe: str = TAG) -> tuple[Space, dict[str, Any] | None]:
    (folder / "mine.toml").write_text(f"{recipe}[search]\n{search}\n")
    _, space, own = RecipeSource.of(folder / "mine.toml").load_space()
    return space, own


def faults_of(folder: Path, search: str, recipe: str = TAG) -> list[Fault]:
    with pytest.raises(RecipeError) as error:
        space_of(folder, search, recipe)
    return error.value.faults


def test_candidates_of_all_forms(tmp_path: Path) -> None:
    space, own = space_of(
        tmp_path,
        """
encoder.layers = { choices = [1, 2], when = { "encoder.kind" = ["lstm"] } }
encoder.kind = ["gru", "lstm"]
"encoder.size" = { low = 32, high = 128, step = 32 }
embedding.words.size = [8, 16]
training.max_grad_norm = { low = 1, high = 5 }
optimizer.lr = { low = 1e-4, high = 1e-1, log = true }
decoder = ["linear", { kind = "crf" }]
""",
    )
    found = {dimension.key: dimension for dimension in space.dimensions}
    assert list(found)[:2] == ["encoder.kind", "encoder.layers"]  # conditions come first
    assert found["encoder.layers"].when == {"encoder.kind": ("lstm",)}
    assert found["encoder.size"].candidates == Range(32, 128, step=32)
    norm = found["training.max_grad_norm"].candidates
    assert isinstance(norm, Range)
    assert (norm, norm.whole) == (Range(1.0, 5.0), False)  # a key of fractions
    assert found["optimizer.lr"].candidates == Range(1e-4, 1e-1, log=True)
    assert own is not None
    assert own["encoder.kind"] == "gru"
    assert "encoder.layers" not in own
    assert own["embedding.words.size"] == 8


def test_settings_can_be_given_to_the_recipe(tmp_path: Path) -> None:
    space, _ = space_of(tmp_path, 'decoder = ["linear", { kind = "crf", dropout = 0.1 }]\noptimizer.lr = [1e-5, 1.0]')
    chosen = {"decoder": {"kind": "crf", "dropout": 0.1}, "optimizer.lr": 1e-5}
    settings = space.settings(chosen)
    recipe = load_recipe(tmp_path / "mine.toml", settings).model_dump()
    assert recipe["decoder"]["dropout"] == 0.1
    assert recipe["optimizer"]["lr"] == 1e-5


def test_values_of_the_recipe_that_are_no_candidates(tmp_path: Path) -> None:
    assert space_of(tmp_path, "encoder.size = [32, 128]")[1] is None
    assert space_of(tmp_path, "encoder.size = { low = 60, high = 80, step = 5 }")[1] is None
    assert space_of(tmp_path, "encoder.size = { low = 60, high = 80, step = 4 }")[1] == {"encoder.size": 64}


def test_a_recipe_with_a_search_is_trained_as_it_is(tmp_path: Path) -> None:
    space_of(tmp_path, "encoder.size = [32, 128]")
    (tmp_path / "plain.toml").write_text(TAG)
    assert load_recipe(tmp_path / "mine.toml") == load_recipe(tmp_path / "plain.toml")
    with pytest.raises(RecipeError):
        load_recipe(tmp_path / "mine.toml", ["search.encoder.size=[0, 1]"])


def test_the_beam_search_of_a_translator_stays(tmp_path: Path) -> None:
    recipe = f"{TRANSLATE}[search]\nbeam = 3\nencoder.size = [64, 128]\n"
    (tmp_path / "mine.toml").write_text(recipe)
    parsed, space, _ = RecipeSource.of(tmp_path / "mine.toml").load_space()
    assert parsed.model_dump()["search"]["beam"] == 3
    assert [dimension.key for dimension in space.dimensions] == ["encoder.size"]
    found = faults_of(tmp_path, "bem = 3", TRANSLATE)
    assert [(fault.key, fault.hint) for fault in found] == [("search.bem", "did you mean `beam`?")]


def test_a_derived_recipe_changes_a_space(tmp_path: Path) -> None:
    space_of(tmp_path, "encoder.size = { low = 32, high = 128 }\noptimizer.lr = [0.1, 0.01]")
    (tmp_path / "derived.toml").write_text('extends = "mine.toml"\n[search]\nencoder.size = { high = 256 }\n')
    _, space, _ = RecipeSource.of(tmp_path / "derived.toml").load_space()
    assert {dimension.key: dimension.candidates for dimension in space.dimensions} == {
        "encoder.size": Range(32, 256),
        "optimizer.lr": (0.1, 0.01),
    }


@pytest.mark.parametrize(
    ("search", "line", "column", "key", "problem", "hint"),
    [
        ("encoder.siz = [1, 2]", 11, 9, "search.encoder.siz", "unknown key", "`size`"),
        ("encodr.size = [1, 2]", 11, 8, "search.encodr.size", "encodr: unknown key", "`encoder`"),
        ('encoder.kind = ["gru", "lstmm"]', 11, 24, "search.encoder.kind.1", 'unknown kind "lstmm"', '"lstm"'),
        ("encoder.size = [64, 0]", 11, 21, "search.encoder.size.1", "must be at least 1, found 0", ""),
        ('encoder.size = [64, "big"]', 11, 21, "search.encoder.size.1", "expected a whole number", ""),
        ("encoder.size = { low = 0.5, high = 64 }", 11, 18, "search.encoder.size.low", "expected a whole number", ""),
        ("encoder.size = { low = 1, high = 2e9 }", 11, 27, "search.encoder.size.high", "found 2000000000.0", ""),
        ("encoder.size = { low = 64, high = 32 }", 11, 28, "search.encoder.size.high", "greater than low = 64", ""),
        ("encoder.size = { low = 64 }", 11, 9, "search.encoder.size", "a range needs `high`", "low = 0.001"),
        ("encoder.size = { lo = 64, high = 9 }", 11, 18, "search.encoder.size.lo", "unknown key of a range", "`low`"),
        ("encoder.size = { min = 64, max = 99 }", 11, 18, "search.encoder.size.min", "unknown key of a range", "low"),
        (
            "encoder.size = { low = 1, high = 8, step = 3 }",
            11,
            27,
            "search.encoder.size.high",
            "steps of 3",
            "high = 7",
        ),
        ("encoder.size = { low = 1, high = 8, step = 0 }", 11, 37, "search.encoder.size.step", "greater than 0", ""),
        ("encoder.size = { low = 1, high = 8, log = 1 }", 11, 37, "search.encoder.size.log", "true or false", ""),
        ("optimizer.lr = { low = 0, high = 1, log = true }", 11, 18, "search.optimizer.lr.low", "than 0 for log", ""),
        (
            "encoder.size = { low = 1, high = 8, step = 1, log = true }",
            11,
            37,
            "search.encoder.size.step",
            "no step",
            "",
        ),
        ("encoder.size = [64]", 11, 9, "search.encoder.size", "expected two choices or more, found 1", "section"),
        ("encoder.size = [64, 64]", 11, 21, "search.encoder.size.1", "64 is there twice", ""),
        ("encoder.size = 64", 11, 9, "search.encoder.size", "an array of choices or a range, found 64", "[64, ...]"),
        ("encoder.size = { choices = 64 }", 11, 18, "search.encoder.size.choices", "expected an array, found 64", ""),
        ("encoder.size = { choices = [1, 2], low = 1 }", 11, 36, "search.encoder.size.low", "no range", ""),
        ("encoder.rank = [4, 8]", 11, 9, "search.encoder.rank", "unknown key", 'kind "mogrifier" has it'),
        ("encoder.dropout = [0.1, 0.2]", 11, 20, "search.encoder.dropout.0", "no effect", "when = { KEY = VALUE }"),
        ("seed = [1, 2]", 11, 1, "search.seed", "can't be searched", "luckiest"),
        ('data.train = ["a", "b"]', 11, 6, "search.data.train", "can't be searched", "measured on dev"),
        ('task = ["tag", "lm"]', 11, 1, "search.task", "can't be searched", "one task"),
        ('encoder = ["gru", "lstm"]\nencoder.size = [1, 2]', 0, 0, "", "declared twice|sets something", ""),
        ('encoder.size = [1, 2]\n"encoder.size" = [3, 4]', 12, 1, "search.encoder.size", "searched twice", ""),
        (
            "encoder.layers = { choices = [1, 2], when = { encoder.knd = 1 } }\nencoder.kind = ['gru', 'lstm']",
            *(11, 55, "search.encoder.layers.when.encoder.knd", "not searched", "`encoder.kind`"),
        ),
        (
            "encoder.layers = { choices = [1, 2], when = { encoder.kind = 'lst' } }\nencoder.kind = ['gru', 'lstm']",
            *(11, 55, "search.encoder.layers.when.encoder.kind", "none of the choices of encoder.kind", '"lstm"'),
        ),
        (
            "encoder.layers = { choices = [1, 2], when = { encoder.size = 8 } }\nencoder.size = { low = 8, high = 9 }",
            *(11, 55, "search.encoder.layers.when.encoder.size", "has a range", "encoder.size = [...]"),
        ),
        ("encoder.layers = { choices = [1, 2], when = 3 }", 11, 38, "search.encoder.layers.when", "found 3", "when ="),
        (
            "encoder.layers = { choices = [1, 2], when = { encoder.size = 8 } }\n"
            "encoder.size = { choices = [8, 9], when = { encoder.layers = 1 } }",
            *(10, 2, "search", "lead in a circle: encoder.layers, encoder.size", ""),
        ),
    ],
)
def test_faults(tmp_path: Path, search: str, line: int, column: int, key: str, problem: str, hint: str) -> None:
    found = faults_of(tmp_path, search)
    first = found[0]
    assert any(part in first.problem for part in problem.split("|")), first
    if line:
        assert (first.key, first.place) == (key, f"{tmp_path / 'mine.toml'}:{line}:{column}")
    assert hint in first.hint
    assert all("\n" not in str(fault) for fault in found)


@pytest.mark.parametrize(
    ("task", "search"),
    [
        ("segment", 'data.tokenize = ["rules", "blanks"]'),
        ("segment", 'data.sentence_separator = [" ", ""]'),
        ("transcribe", "data.lowercase = [true, false]"),
        ("translate", "data.pretokenized = [true, false]"),
        ("lm", 'data.tokenizer.kind = ["characters", "words"]'),
        ("forecast", "data.horizon = [24, 48]"),
        ("tag", "data.repair = [true, false]"),
        ("classify", 'data.separator = ["|", ";"]'),
    ],
)
def test_what_decides_what_is_measured_is_not_searched(tmp_path: Path, task: str, search: str) -> None:
    readers = {"tag": "csv", "classify": "csv", "transcribe": "audio", "translate": "parallel"}
    reader = f'reader = "{readers[task]}"' if task in readers else ""
    more = "horizon = 24\nlookback = 48" if task == "forecast" else ""
    recipe = f'task = "{task}"\n[data]\ntrain = "a"\n{reader}\n{more}\n'
    found = faults_of(tmp_path, search, recipe)
    assert [(fault.problem, "measured on dev" in fault.hint) for fault in found] == [("can't be searched", True)]


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    found = faults_of(
        tmp_path, 'encoder.siz = [1, 2]\noptimizer.lr = [0.0, 1.0]\ndecoder.kind = ["crf", "x"]\nseed = 3'
    )
    assert [fault.spot[1] for fault in found if fault.spot] == [11, 12, 13, 14]


@pytest.mark.parametrize("search", ["search = 3", "search = []"])
def test_a_section_that_is_no_table_is_told(tmp_path: Path, search: str) -> None:
    (tmp_path / "mine.toml").write_text(f"{search}\n{TAG}")
    with pytest.raises(RecipeError, match="expected a table of keys to search"):
        RecipeSource.of(tmp_path / "mine.toml").load_space()


def test_choices_under_a_condition_are_tried_with_it(tmp_path: Path) -> None:
    kinds = 'encoder.kind = ["gru", "mogrifier"]\n'
    space, _ = space_of(
        tmp_path, kinds + 'encoder.rank = { choices = [4, 8], when = { "encoder.kind" = "mogrifier" } }'
    )
    assert [dimension.key for dimension in space.dimensions] == ["encoder.kind", "encoder.rank"]
    found = faults_of(tmp_path, kinds + 'encoder.rank = { choices = [0, 8], when = { "encoder.kind" = "mogrifier" } }')
    assert found[0].problem == 'must be at least 1, found 0 (with encoder.kind = "mogrifier")'
