import io
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from seqnlp.cli.faults import show_faults
from seqnlp.cli.recipes import app
from seqnlp.errors import DataError, Fault, RecipeError, SeqnlpError, UsageError
from seqnlp.recipe import plugins, recipe_schema, shipped

RECIPE = """#:schema ./recipe.schema.json
# Makes one tiny model.
#   a second line
plugins = ["own.py"]
task = "own"
data = { reader = "conllu", train = "a", dev = "b" }
"""
PLUGIN = """
from typing import Literal
from seqnlp.recipe import Recipe

class Own(Recipe):
    task: Literal["own"] = "own"
    size: int = 3
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package that ships one recipe, whose task comes from a plugin; the working directory is empty."""
    from seqnlp.recipe import Recipe

    recipes = tmp_path / "package" / "shipped" / "recipes"
    recipes.mkdir(parents=True)
    (recipes / "tiny.toml").write_text(RECIPE, encoding="utf-8")
    (recipes / "own.py").write_text(PLUGIN, encoding="utf-8")
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    monkeypatch.setattr(shipped, "_PACKAGE", tmp_path / "package")
    before = dict(Recipe.members)
    yield project
    Recipe.members.clear()
    Recipe.members.update(before)
    plugins._imported.clear()


def run(*arguments: str) -> tuple[str, str]:
    """What a command wrote to standard output and to standard error."""
    result = CliRunner().invoke(app, arguments)
    if isinstance(result.exception, SeqnlpError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout, result.stderr


def test_ls_tells_what_each_recipe_is_for(project: Path) -> None:
    (project / "recipes").mkdir()
    (project / "recipes" / "broken.toml").write_text("task =", encoding="utf-8")
    (project / "recipes" / "heir.toml").write_text('extends = "../base.toml"', encoding="utf-8")
    (project / "base.toml").write_text('task = "classify"', encoding="utf-8")
    out, err = run("ls")
    assert out.splitlines() == [
        "broken            not readable: recipes/broken.toml:1:7: expected a value, "
        'found the end of the file (a string needs quotes: "text")',
        "heir    classify",
        "tiny    own       Makes one tiny model.",
    ]
    assert err == "train one with: seqnlp train NAME\n"
    lines = [json.loads(line) for line in run("ls", "--json")[0].splitlines()]
    assert lines[1] == {"name": "heir", "task": "classify", "about": "", "path": "recipes/heir.toml"}


def test_ls_without_any_recipe(project: Path) -> None:
    for file in (project.parent / "package" / "shipped" / "recipes").iterdir():
        file.unlink()
    assert run("ls") == ("", "there are no recipes\n")


def test_show_prints_the_file_as_it_is_or_resolved() -> None:
    assert run("show", "tiny") == (RECIPE, "")
    resolved, _ = run("show", "tiny", "--resolved")
    assert resolved.startswith('task = "own"\n')
    assert "\nsize = 3\n" in resolved
    assert "\nsize = 7\n" in run("show", "tiny", "-s", "size=7")[0]


def test_cp_copies_but_never_overwrites_unasked(project: Path) -> None:
    out, err = run("cp", "tiny", "mine.toml")
    assert out == ""
    assert err.splitlines()[-1] + "\n" == "wrote mine.toml; train it with: seqnlp train mine.toml\n"
    mine = project / "mine.toml"
    assert mine.read_text(encoding="utf-8") == RECIPE
    mine.write_text("changed", encoding="utf-8")
    with pytest.raises(UsageError, match=r"mine\.toml: there is a file already; overwrite it with --force"):
        run("cp", "tiny", "mine.toml")
    assert mine.read_text(encoding="utf-8") == "changed"
    run("cp", "tiny", "mine.toml", "--force")
    assert mine.read_text(encoding="utf-8") == RECIPE
    with pytest.raises(UsageError, match="this is the recipe itself"):
        run("cp", "mine.toml", "mine.toml", "--force")
    run("cp", "tiny", ".")
    assert (project / "tiny.toml").read_text(encoding="utf-8") == RECIPE
    with pytest.raises(DataError, match=r"nowhere/x\.toml: can't write this file: No such file or directory"):
        run("cp", "tiny", "nowhere/x.toml")


def test_cp_tells_of_files_that_a_recipe_needs_beside_it(project: Path) -> None:
    recipes = project.parent / "package" / "shipped" / "recipes"
    (project / "heir.toml").write_text('extends = "base.toml"\nplugins = ["/x/y.py"]', encoding="utf-8")
    (project / "broken.toml").write_text("a =", encoding="utf-8")
    assert run("cp", "tiny", "mine.toml")[1].startswith(
        f"note: this recipe needs own.py beside it; the original is in {recipes}\n"
    )
    assert run("cp", "heir.toml", "h.toml")[1].count("note:") == 1
    assert run("cp", "broken.toml", "b.toml")[1].startswith("wrote b.toml")


def test_check_says_ok_or_raises_every_fault(project: Path) -> None:
    (project / "a").touch()
    (project / "b").touch()
    out, err = run("check", "tiny")
    assert out.endswith("tiny.toml: ok\n")
    assert err == ""
    with pytest.raises(RecipeError) as caught:
        run("check", "tiny", "-s", "size=x", "-s", "sise=1")
    assert [fault.key for fault in caught.value.faults] == ["size", "sise"]
    with pytest.raises(DataError, match="did you mean `tiny`"):
        run("check", "tyni")


def test_check_notes_files_that_are_not_there(project: Path) -> None:
    (project / "a").touch()
    get = "fetch it with `seqnlp corpora get ewt`"
    out, err = run("check", "tiny", "-s", "data.test=corpora/ewt/x")
    assert out.endswith("tiny.toml: ok\n")
    recipe = project.parent / "package/shipped/recipes/tiny.toml"
    dev, test = err.splitlines()
    assert dev.startswith(f"note: {recipe}:6:42: data.dev: b: no such file; tried {project / 'b'}, ")
    overridden = "note: --set data.test=corpora/ewt/x: data.test: corpora/ewt/x: "
    assert test == f"{overridden}no such file ({get})"


def test_schema_is_json(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqnlp.recipe.recipe_schema", cache(recipe_schema))  # it takes a second
    out, _ = run("schema")
    assert json.loads(out)["$schema"].endswith("2020-12/schema")
    assert run("schema", "--out", "s.json") == ("", "wrote s.json\n")
    assert (project / "s.json").read_text(encoding="utf-8") == out
    with pytest.raises(DataError, match="can't write this file"):
        run("schema", "--out", "nowhere/s.json")


@pytest.mark.parametrize("command", [["--help"], ["ls"], ["show", "tiny"], ["cp", "tiny", "x.toml"]])
def test_looking_around_loads_nothing_heavy(project: Path, command: list[str]) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from seqnlp.cli.recipes import app\n"
        "from seqnlp.recipe import shipped\n"
        f"shipped._PACKAGE = Path({str(project.parent / 'package')!r})\n"
        f"app({command!r}, standalone_mode=False)\n"
        # Typer itself imports pydantic to run a command, though not for its help.
        "heavy = {'torch', 'seqnlp.spec', 'numpy', 'datasets', 'tokenizers', 'textual'}\n"
        f"heavy |= {{'pydantic'}} if {command == ['--help']} else set()\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow  # tests/e2e/test_manners.py runs it, among others
def test_check_knows_the_tasks_in_a_process_of_its_own() -> None:
    code = "import sys; from seqnlp.cli.app import main; sys.argv = ['seqnlp', 'recipes', 'check', 'pos_gru']; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("pos_gru.toml: ok\n")


def drawn(*faults: Fault, width: int = 60) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    show_faults(RecipeError(list(faults)), console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_a_fault_is_drawn_with_its_line_and_a_caret(project: Path) -> None:
    Path("r.toml").write_text('a = 1\n\t日本 = "é"; sise = 3 # [red]\r\n', encoding="utf-8")
    assert drawn(Fault("sise", "unknown key", "did you mean `size`?", "r.toml:2:12")) == [
        "error: r.toml:2:12: sise: unknown key",
        '    2 |  日本 = "é"; sise = 3 # [red]',
        "      |              ^",
        "  hint: did you mean `size`?",
    ]


def test_places_without_a_line_or_a_file_are_only_named(project: Path) -> None:
    Path("short.toml").write_text("a = 1", encoding="utf-8")
    assert drawn(
        Fault("a", "wrong", place="--set a=[b]"),
        Fault("", "empty", place="r.toml"),
        Fault("b", "gone", place="gone.toml:3:1"),
        Fault("b", "shorter now", place="short.toml:3:1"),
        Fault("", "nothing"),
    ) == [
        "error: --set a=[b]: a: wrong",
        "error: r.toml: empty",
        "error: gone.toml:3:1: b: gone",
        "error: short.toml:3:1: b: shorter now",
        "error: nothing",
        "5 faults",
    ]


def test_a_plugin_fault_shows_its_line_without_a_caret(project: Path) -> None:
    Path("p.py").write_text("x\n1/0\x1b[31m\n", encoding="utf-8")
    assert drawn(Fault("plugins", "failed", place="p.py:2")) == ["error: p.py:2: plugins: failed", "    2 | 1/0�[31m"]


def test_of_a_long_line_the_part_around_the_caret_is_drawn(project: Path) -> None:
    Path("r.toml").write_text("x" * 500 + "KEY" + "y" * 500, encoding="utf-8")
    _, excerpt, caret = drawn(Fault("k", "bad", place="r.toml:1:501"))
    assert len(excerpt) <= 60
    assert excerpt[caret.index("^") :].startswith("KEY")
