"""A run of somebody else's executes nothing until its user consents, and reads no file outside of itself."""

import asyncio
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

import seqnlp
from seqnlp.errors import RunError, UntrustedPlugin
from seqnlp.processes import module_command
from seqnlp.recipe import consent, plugins
from seqnlp.run import Run
from seqnlp.service.client import ServiceClient
from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.listing import run_at

ROOT = Path(__file__).parents[2]
PLUGIN = (ROOT / "tests/plugins/rate.py").read_text(encoding="utf-8")
LEAVES_A_TRACE = "\nwith open({!r}, 'a') as _trace:\n    _trace.write('x')\n"
WORDS = {"fine": 1.0, "good": 1.0, "dull": -1.0, "bad": -1.0}
RECIPE = """\
task = "rate"
plugins = ["rate.py"]
data = { reader = "csv", train = "train.csv", dev = "train.csv", test = "train.csv" }
training = { epochs = 2, threads = 1 }
"""
Program = Callable[..., "CompletedProcess[str]"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that grows whenever the plugin is run."""
    return tmp_path_factory.mktemp("trace") / "trace"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, seqnlp: Program, trace: Path) -> Path:
    folder = tmp_path_factory.mktemp("theirs")
    (folder / "train.csv").write_text("text,value\n" + "".join(f"{word},{value}\n" for word, value in WORDS.items()))
    (folder / "rate.toml").write_text(RECIPE)
    (folder / "rate.py").write_text(PLUGIN + LEAVES_A_TRACE.format(str(trace)))
    done = seqnlp("train", "rate.toml", "-q", folder=folder)
    assert done.returncode == 0, done.stderr
    return folder / "runs/rate"


@pytest.fixture
def stranger(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Another user, who has consented to nothing, in a process that has run no plugin."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(consent, "_consented", set())
    monkeypatch.setattr(plugins, "_imported", {})


@pytest.fixture
def run(trained: Path, trace: Path, tmp_path: Path, stranger: None) -> Path:
    """The run as it arrives on another machine, where nothing beside it came along."""
    shutil.copytree(trained, tmp_path / "moved")
    shutil.copy(trained.parents[1] / "train.csv", tmp_path / "train.csv")
    trace.unlink(missing_ok=True)
    return tmp_path / "moved"


def refuses(done: "CompletedProcess[str]", *parts: object) -> None:
    assert done.returncode == 4, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    for part in parts:
        assert str(part) in line


def test_a_run_carries_its_plugin(trained: Path) -> None:
    assert 'plugins = [\n    "plugins/rate.py",\n]' in (trained / "recipe.toml").read_text()
    assert (trained / "plugins/rate.py").read_bytes() == (trained.parents[1] / "rate.py").read_bytes()


def test_ones_own_run_opens_at_once(trained: Path, seqnlp: Program) -> None:
    assert seqnlp("predict", trained, stdin="good\n").returncode == 0


VERBS = {
    verb.split()[0]: verb.split()
    for verb in (
        "evaluate {run}",
        "errors {run}",
        "predict {run}",
        "tag {run}",
        "classify {run}",
        "generate {run}",
        "score {run}",
        "forecast {run} {folder}/train.csv",
        "probe {run}",
        "translate {run}",
        "train {run}/recipe.toml --out {folder}/new",
        "corpora stats {run}/recipe.toml",
    )
} | {
    "resume": ["train", "{run}/recipe.toml", "--out", "{run}", "--resume"],
    "overwrite": ["train", "{run}/recipe.toml", "--out", "{run}", "--overwrite"],
    "extended": ["train", "{folder}/extends.toml", "--out", "{folder}/new"],
    "check": ["recipes", "check", "{run}/recipe.toml"],
    "resolved": ["recipes", "show", "--resolved", "{run}/recipe.toml"],
}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_asks_before_it_runs_a_plugin(verb: str, run: Path, trace: Path, seqnlp: Program) -> None:
    (run.parent / "extends.toml").write_text('extends = "moved/recipe.toml"\nseed = 2\n')
    words = [word.format(run=run, folder=run.parent) for word in VERBS[verb]]
    refuses(seqnlp(*words), run / "plugins/rate.py", "was not run", "--trust")
    assert not trace.exists()
    seqnlp(*words, "--trust")  # some then find that it is of another task
    assert trace.read_text() == "x"
    assert Run.is_run(run)


def test_looking_at_runs_executes_nothing_and_says_what_is_not_trusted(run: Path, trace: Path, seqnlp: Program) -> None:
    for words in (["ls", run.parent], ["show", run], ["plot", run], ["compare", run, run]):
        assert seqnlp("runs", *words).returncode == 0
    assert not trace.exists()
    assert f"{run}/plugins/rate.py: Python that this run brings along" in seqnlp("runs", "show", run).stderr
    assert seqnlp("tui", "--trust").returncode == 2


def test_the_terminal_application_takes_consent_for_one_run(run: Path, trace: Path, seqnlp: Program) -> None:
    done = seqnlp("tui", run, "--trust")  # no terminal here, so it ends
    assert "expected a terminal" in done.stderr
    assert not trace.exists()
    assert seqnlp("predict", run, stdin="good\n").returncode == 0


def test_no_flipped_bit_of_a_plugin_is_run(run: Path, trace: Path) -> None:
    seqnlp.load(run, trust=True)
    file, chance = run / "plugins/rate.py", random.Random(1)
    whole = file.read_bytes()
    trace.unlink()
    for _ in range(30):
        damaged = bytearray(whole)
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        file.write_bytes(damaged)
        plugins._imported.clear()
        with pytest.raises(UntrustedPlugin, match=r"plugins/rate\.py: edited or damaged since the training"):
            seqnlp.load(run)
    assert not trace.exists()


def test_consent_is_for_these_bytes_wherever_they_lie(run: Path, trace: Path, tmp_path: Path) -> None:
    with pytest.raises(UntrustedPlugin, match=r"plugins/rate\.py: this run brings Python"):
        seqnlp.load(run)
    seqnlp.load(run, trust=True)
    plugins._imported.clear()
    shutil.move(run, tmp_path / "elsewhere")
    seqnlp.evaluate(tmp_path / "elsewhere")
    assert trace.read_text() == "xx"
    with (tmp_path / "elsewhere/plugins/rate.py").open("a") as file:
        file.write("\n")
    plugins._imported.clear()
    with pytest.raises(UntrustedPlugin, match=r"plugins/rate\.py: edited or damaged since the training"):
        seqnlp.load(tmp_path / "elsewhere")
    assert trace.read_text() == "xx"
    seqnlp.load(tmp_path / "elsewhere", trust=True)
    seqnlp.load(tmp_path / "elsewhere")


def test_the_bytes_that_were_hashed_are_those_that_are_run(
    run: Path, trace: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seqnlp.load(run, trust=True)
    plugins._imported.clear()
    file, before = run / "plugins/rate.py", consent.is_trusted

    def swap(content: bytes) -> bool:
        file.write_text(f"open({str(tmp_path / 'evil')!r}, 'w')")
        return before(content)

    monkeypatch.setattr(consent, "is_trusted", swap)
    assert next(seqnlp.load(run).predict(["good"])).text == "good"
    assert "evil" in file.read_text()
    assert not (tmp_path / "evil").exists()


def test_compiled_files_are_neither_read_nor_written(run: Path, tmp_path: Path) -> None:
    import importlib.util
    import py_compile

    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'evil')!r}, 'w')")
    cached = Path(importlib.util.cache_from_source(str(run / "plugins/rate.py")))
    cached.parent.mkdir()
    py_compile.compile(
        str(tmp_path / "evil.py"), str(cached), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
    )
    content = cached.read_bytes()
    seqnlp.load(run, trust=True)
    assert not (tmp_path / "evil").exists()
    assert [file.read_bytes() for file in cached.parent.iterdir()] == [content]


CRAFTED = {
    "extends": 'extends = "../outside.toml"\n{recipe}',
    "absolute": 'plugins = ["{outside}"]',
    "above": 'plugins = ["../outside.py"]',
    "above through it": 'plugins = ["plugins/../../outside.py"]',
    "home": 'plugins = ["~/outside.py"]',
    "in the run, but elsewhere": 'plugins = ["outside.py"]',
    "a link": 'plugins = ["plugins/link.py"]',
    "a file of a linked folder": 'plugins = ["linked/outside.py"]',
    "nothing": 'plugins = ["plugins/"]',
    "a null": 'plugins = ["plugins/\\u0000.py"]',
}


@pytest.mark.parametrize("craft", CRAFTED)
def test_a_run_names_no_file_outside_of_it(craft: str, run: Path, trace: Path, seqnlp: Program, tmp_path: Path) -> None:
    """Whoever makes such a run also makes its digests right."""
    evil = f"open({str(trace)!r}, 'w')"
    for folder in (run, tmp_path):
        (folder / "outside.py").write_text(evil)
    (tmp_path / "outside.toml").write_text('plugins = ["outside.py"]')
    (run / "linked").symlink_to(tmp_path)
    recipe = (run / "recipe.toml").read_text()
    if craft == "a link":
        (run / "plugins/link.py").symlink_to(tmp_path / "outside.py")
    theirs = CRAFTED[craft].format(outside=tmp_path / "outside.py", recipe=recipe)
    theirs += "" if craft == "extends" else "\n" + recipe.replace('plugins = [\n    "plugins/rate.py",\n]\n', "")
    (run / "recipe.toml").write_text(theirs)
    made = Run(run)
    made.save_meta({key: value for key, value in made.meta().items() if key != "digests"}, digests=True)
    for words in (["predict", run], ["evaluate", run, "--trust"], ["train", run / "recipe.toml", "--trust"]):
        done = seqnlp(*words)
        refuses(done, "link" if craft == "a link" else "extends" if craft == "extends" else "plugins/NAME.py")
        assert str(run) in done.stderr
    assert not trace.exists()


def test_resuming_with_another_plugin_is_refused_before_that_of_the_run_is_executed(
    trained: Path, trace: Path, seqnlp: Program, stranger: None, tmp_path: Path
) -> None:
    shutil.copytree(trained.parents[1], tmp_path / "mine")
    assert seqnlp("train", "rate.toml", "-q", "--resume", folder=tmp_path / "mine").returncode == 0
    trace.unlink()
    (tmp_path / "mine/rate.py").write_text(PLUGIN)
    done = seqnlp("train", "rate.toml", "-q", "--resume", folder=tmp_path / "mine")
    assert done.returncode == 2
    assert "can't resume, the plugin rate.py has changed since the training began" in done.stderr
    assert not trace.exists()


def test_two_plugins_of_one_name_both_come_along(
    seqnlp: Program, trained: Path, stranger: None, tmp_path: Path
) -> None:
    shutil.copy(trained.parents[1] / "train.csv", tmp_path)
    for folder, content in (("a", PLUGIN), ("b", "b = 1\n")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "rate.py").write_text(content)
    (tmp_path / "two.toml").write_text(RECIPE.replace('"rate.py"', '"a/rate.py", "b/rate.py"'))
    assert seqnlp("train", "two.toml", "-q", folder=tmp_path).returncode == 0
    for name in "ab":
        shutil.rmtree(tmp_path / name)
    assert (tmp_path / "runs/two/plugins/rate_2.py").read_text() == "b = 1\n"
    assert seqnlp("predict", "runs/two", stdin="good\n", folder=tmp_path).returncode == 0
    resumed = seqnlp("train", "runs/two/recipe.toml", "--out", "runs/two", "-q", "--resume", folder=tmp_path)
    assert resumed.returncode == 0, resumed.stderr


def test_runs_with_different_plugins_for_one_kind_do_not_mix(
    seqnlp: Program, trained: Path, stranger: None, tmp_path: Path
) -> None:
    shutil.copy(trained.parents[1] / "train.csv", tmp_path)
    for name, noun in (("one", "a rater"), ("two", "a grader")):
        (tmp_path / "rate.py").write_text(PLUGIN.replace('"a rater"', f'"{noun}"'))
        (tmp_path / f"{name}.toml").write_text(RECIPE)
        assert seqnlp("train", f"{name}.toml", "-q", folder=tmp_path).returncode == 0
    for name, noun in (("one", "a rater"), ("two", "a grader"), ("one", "a rater")):
        assert f"this run is {noun}" in seqnlp("tag", f"runs/{name}", stdin="good\n", folder=tmp_path).stderr


def test_the_file_of_consents_survives_damage(
    run: Path, stranger: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seqnlp.load(run, trust=True)
    file, chance = consent.consent_file(), random.Random(1)
    assert file.is_relative_to(tmp_path / "state")
    assert file.stat().st_mode & 0o777 == 0o600
    whole = file.read_bytes()
    for damage in (b"", b"\0" * 99, b"\xff\n", whole[:40], whole[:-1], chance.randbytes(5000), whole + whole[:30]):
        file.write_bytes(damage)
        monkeypatch.setattr(consent, "_consented", set())
        known = consent.is_trusted((run / "plugins/rate.py").read_bytes())
        assert known == (whole[:-1] in damage)
        seqnlp.load(run, trust=True)
        monkeypatch.setattr(consent, "_consented", set())
        seqnlp.load(run)
    shutil.rmtree(file.parent)
    file.parent.touch()  # nothing can be written: the consent holds as long as the process
    monkeypatch.setattr(consent, "_consented", set())
    with pytest.raises(UntrustedPlugin):
        seqnlp.load(run)
    seqnlp.load(run, trust=True)
    seqnlp.load(run)


def test_processes_of_the_program_import_nothing_from_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("json", "typer", "torch"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported from the working directory')")
    monkeypatch.chdir(tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([*module_command("seqnlp"), "--version"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("seqnlp ")
    monkeypatch.chdir(ROOT)
    assert module_command("seqnlp") == [sys.executable, "-m", "seqnlp"]


@pytest.mark.anyio
async def test_the_terminal_application_says_that_a_run_is_not_trusted(run: Path, trace: Path) -> None:
    from seqnlp.recipe.consent import remember

    app = SeqnlpApp(run.parent, ServiceClient(), run_at(run))
    async with app.run_test(size=(120, 30)) as pilot:
        async with asyncio.timeout(60):
            while not any("was not run" in note.message and "--trust" in note.message for note in app._notifications):
                await pilot.pause(0.05)
        assert not trace.exists()
    remember((run / "plugins/rate.py").read_bytes(), run)  # as `seqnlp tui RUN --trust`, which needs a terminal
    app = SeqnlpApp(run.parent, ServiceClient(), run_at(run))
    async with app.run_test(size=(120, 30)) as pilot:
        await pilot.press(*"good")
        async with asyncio.timeout(60):
            while not trace.exists():
                await pilot.pause(0.05)


def test_a_recipe_that_is_damaged_is_told_before_any_question(run: Path) -> None:
    with (run / "recipe.toml").open("a") as file:
        file.write("# a note\n")
    with pytest.raises(RunError, match=r"recipe\.toml: edited or damaged since the training") as refused:
        seqnlp.load(run)
    assert not isinstance(refused.value, UntrustedPlugin)


def test_a_plugin_that_an_override_names_is_carried_too(trained: Path, seqnlp: Program) -> None:
    folder = trained.parents[1]
    (folder / "bare.toml").write_text(RECIPE.replace('plugins = ["rate.py"]\n', ""))
    done = seqnlp("train", "bare.toml", "-q", "--set", 'plugins=["rate.py"]', folder=folder)
    assert done.returncode == 0, done.stderr
    assert (folder / "runs/bare/plugins/rate.py").read_bytes() == (folder / "rate.py").read_bytes()
    again = seqnlp("train", "bare.toml", "-q", "--resume", "--set", 'plugins=["rate.py"]', folder=folder)
    assert again.returncode == 0, again.stderr
