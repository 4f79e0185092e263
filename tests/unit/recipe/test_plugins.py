import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from seqnlp.recipe import Recipe, plugins

Faults = Callable[..., list[str]]

PLUGIN = """
from typing import Literal
from pydantic import Field
from seqnlp.recipe import Recipe

class Own(Recipe):
    task: Literal["own"] = "own"
    size: int = {size}
"""


@pytest.fixture(autouse=True)
def known_tasks() -> Iterator[None]:
    """Forget the tasks that these tests add."""
    before = dict(Recipe.members)
    yield
    Recipe.members.clear()
    Recipe.members.update(before)
    plugins._imported.clear()


def parsed(text: str, path: str = "r.toml", overrides: tuple[str, ...] = ()) -> Recipe:
    from seqnlp.recipe import parse_recipe

    return parse_recipe(
        f'task = "own"\ndata = {{ reader = "conllu", train = "a", dev = "b" }}\n{text}', path, overrides
    )


def test_a_plugin_beside_the_recipe_is_imported_before_validation(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(PLUGIN.format(size=3), encoding="utf-8")
    recipe = parsed('plugins = ["own.py"]', str(tmp_path / "r.toml"))
    assert recipe.model_dump()["size"] == 3
    assert recipe.plugins == [str(tmp_path / "own.py")]
    assert not (tmp_path / "__pycache__").exists()


def test_a_plugin_named_by_an_override_is_relative_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own.py").write_text(PLUGIN.format(size=4), encoding="utf-8")
    assert parsed("", "elsewhere/r.toml", ('plugins=["own.py"]',)).model_dump()["size"] == 4


def test_the_plugin_of_a_base_is_beside_the_base(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "own.py").write_text(PLUGIN.format(size=5), encoding="utf-8")
    (tmp_path / "base" / "base.toml").write_text('plugins = ["own.py"]', encoding="utf-8")
    assert parsed('extends = "base/base.toml"', str(tmp_path / "r.toml")).model_dump()["size"] == 5


def test_a_plugin_runs_again_only_when_its_file_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "own.py"
    for size in (1, 1, 2, 1):
        path.write_text(PLUGIN.format(size=size), encoding="utf-8")
        before = Recipe.members.get("own")
        assert parsed('plugins = ["own.py"]', str(tmp_path / "r.toml")).model_dump()["size"] == size
        was_run = Recipe.members["own"] is not before
        same = before is not None and before.model_fields["size"].default == size
        assert was_run is not same


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [
        ("x = 1\n1 / 0\n", 2, "ZeroDivisionError: division by zero"),
        ("def f():\n    raise KeyError('a')\n\nf()\n", 2, "KeyError: 'a'"),
        ("x = 1\ny = = 2\n", 2, "SyntaxError: invalid syntax"),
        ("import sys\nsys.exit(3)\n", 2, "SystemExit: 3"),
        ("\n\nimport nowhere_at_all\n", 3, "ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("import json\njson.loads('')\n", 2, "JSONDecodeError: Expecting value"),
    ],
)
def test_a_failing_plugin_is_a_fault_at_its_line(
    faults: Faults, tmp_path: Path, content: str, line: int, problem: str
) -> None:
    path = tmp_path / "bad.py"
    path.write_text(content, encoding="utf-8")
    modules = set(sys.modules)
    (fault,) = faults('plugins = ["bad.py"]')
    assert fault.startswith(f"{path}:{line}: plugins: this plugin failed: {problem}")
    assert fault.endswith("(named at r.toml:3:12)")
    assert not {name for name in set(sys.modules) - modules if name.startswith("seqnlp_plugin")}


def test_plugins_that_are_not_there(faults: Faults, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("", encoding="utf-8")
    missing = f"there is no file {tmp_path}/onw.py (did you mean `own.py`?)"
    assert faults('plugins = ["own.py", "onw.py",\n "r.toml", ".", "\\u0000"]') == [
        f"r.toml:3:22: plugins: {missing}",
        f"r.toml:4:2: plugins: expected a Python file, found {tmp_path}/r.toml",
        f"r.toml:4:12: plugins: expected a Python file, found {tmp_path}",
        f"r.toml:4:17: plugins: expected a Python file, found {tmp_path}/\0",
    ]


def test_plugins_of_a_wrong_type_are_left_to_validation(faults: Faults) -> None:
    assert faults("plugins = [1]") == ['r.toml:3:12: plugins.0: expected a string, found 1 (write "1")']
    assert faults("plugins = 1") == ["r.toml:3:1: plugins: expected an array, found 1 (write plugins = [1])"]
