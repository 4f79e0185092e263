"""Search for hyperparameters: the same trials whatever happens in between, and the best recipe of them."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

import seqnlp as library
from seqnlp.errors import RunError, SeqnlpError, UsageError
from seqnlp.hyperparameters import search as searches
from seqnlp.hyperparameters.folder import SearchFolder, Trial
from seqnlp.hyperparameters.study import open_study
from seqnlp.run import Run
from tests.e2e.test_seeds import RECIPE, write_texts

Program = Callable[..., "CompletedProcess[str]"]
SPACE = """
[search]
encoder.kind = ["gru", "lstm"]
encoder.size = { low = 2, high = 8 }
encoder.layer_norm = { choices = [false, true], when = { "encoder.kind" = "lstm" } }
optimizer.lr = { low = 1e-3, high = 1.0, log = true }
"""
TRIALS = 12
UNREADABLE = "neither,this\nnor,that\n"
"""A test split that would end a search that looks at it."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("search")
    for seed, (split, count) in enumerate([("train", 40), ("dev", 30)]):
        write_texts(folder / f"{split}.csv", count, seed)
    (folder / "small.toml").write_text(RECIPE + SPACE)
    (folder / "test.csv").write_text(UNREADABLE)
    return folder


@pytest.fixture(scope="module")
def searched(folder: Path, seqnlp: Program) -> Path:
    done = seqnlp("search", "small.toml", "--trials", TRIALS, folder=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "runs/small_trials/best.toml\n"
    assert f"trial {TRIALS}/{TRIALS} " in done.stderr
    return folder / "runs/small_trials"


def trials_of(path: Path) -> list[dict[str, Any]]:
    """What a search has found, without times."""
    found, _ = searches.show(SearchFolder.at(path))
    return [{key: value for key, value in trial.to_json().items() if key != "seconds"} for trial in found]


def test_the_recipe_is_the_first_trial_and_conditions_hold(searched: Path) -> None:
    trials = trials_of(searched)
    assert [trial["number"] for trial in trials] == list(range(1, TRIALS + 1))
    assert trials[0]["values"] == {"encoder.kind": "gru", "encoder.size": 4, "optimizer.lr": 0.002}
    for trial in trials:
        values = trial["values"]
        assert ("encoder.layer_norm" in values) == (values["encoder.kind"] == "lstm")
        assert 2 <= values["encoder.size"] <= 8
        assert 1e-3 <= values["optimizer.lr"] <= 1
        if trial["state"] == "finished":
            assert trial["score"] == max(score for _, score in trial["curve"])
            assert trial["epochs"] == 2
    assert len({trial["values"]["optimizer.lr"] for trial in trials}) == TRIALS


def test_the_best_recipe_is_complete_and_gives_the_same_model(searched: Path, tmp_path: Path) -> None:
    finished = [trial for trial in trials_of(searched) if trial["state"] == "finished"]
    best = max(finished, key=lambda trial: (trial["score"], -trial["number"]))
    runs = [run.path.name for run in Run.find(searched)]
    assert runs == [f"trial_{best['number']}"]  # the others' weights are not kept
    assert "test" not in Run(searched / runs[0]).scores()
    text = (searched / "best.toml").read_text()
    (tmp_path / "best.toml").write_text(text)
    assert f"Trial {best['number']} of a search with small: accuracy" in text
    (searched.parents[1] / "test.csv").write_text((searched.parents[1] / "dev.csv").read_text())
    try:
        for _ in library.train(tmp_path / "best.toml", out=tmp_path / "run"):  # far from the recipe's folder
            pass
    finally:
        (searched.parents[1] / "test.csv").write_text(UNREADABLE)
    weights = [path / "model.safetensors" for path in (tmp_path / "run", searched / runs[0])]
    assert weights[0].read_bytes() == weights[1].read_bytes()


KILLED = """
import os, signal, sys
import seqnlp
from seqnlp.hyperparameters import search
search.SNAPSHOT = 0
for number, _ in enumerate(seqnlp.search({recipe!r}, {trials}, out={out!r}, resume={resume})):
    if number == {at}:
        os.kill(os.getpid(), signal.SIGKILL)
"""


def kill_at(folder: Path, out: Path, at: int, resume: bool = False) -> int:
    """Search in a process that is killed at an event; its exit code."""
    code = KILLED.format(recipe=str(folder / "small.toml"), trials=TRIALS, out=str(out), at=at, resume=resume)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, timeout=300).returncode


def finish(folder: Path, out: Path) -> None:
    for _ in library.search(folder / "small.toml", TRIALS, out=out, resume=True):
        pass


@pytest.mark.faults
def test_a_killed_search_goes_on_as_if_nothing_had_happened(searched: Path, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "killed"
    assert kill_at(folder, out, 25) == -9
    broken = out / "journal.jsonl"
    broken.write_bytes(broken.read_bytes() + b'{"op_code":5,"wor')  # the last line of a process that was killed
    assert any(trial["state"] == "running" for trial in trials_of(out)) or len(trials_of(out)) < TRIALS
    finish(folder, out)
    assert trials_of(out) == trials_of(searched)
    assert (out / "best.toml").read_text().splitlines()[2:] == (searched / "best.toml").read_text().splitlines()[2:]
    assert [run.path.name for run in Run.find(out)] == [run.path.name for run in Run.find(searched)]


def test_a_best_recipe_that_a_kill_has_prevented_is_made_up_for(searched: Path, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "copy"
    shutil.copytree(searched, out)
    (out / "best.toml").write_text((out / "best.toml").read_text().replace("# Trial ", "# Trial 9", 1))
    finish(folder, out)
    assert (out / "best.toml").read_text().splitlines()[2:] == (searched / "best.toml").read_text().splitlines()[2:]
    assert (out / "best.toml").read_text().splitlines()[0] == (searched / "best.toml").read_text().splitlines()[0]


def test_a_recipe_that_is_edited_meanwhile_ends_the_search(folder: Path, tmp_path: Path) -> None:
    recipe = folder / "edited.toml"
    recipe.write_text((folder / "small.toml").read_text())
    found = library.search(recipe, 3, out=tmp_path / "edited")
    while not next(found)[0].has_ended:
        pass
    recipe.write_text(recipe.read_text().replace("[training]", "[training]\nmax_grad_norm = 0.5"))
    with pytest.raises(UsageError, match=r"edited.toml: it has changed since the search began; --overwrite starts"):
        list(found)
    assert [trial["number"] for trial in trials_of(tmp_path / "edited")] == [1]


def test_a_search_goes_on_where_its_recipe_has_been_moved(searched: Path, folder: Path, tmp_path: Path) -> None:
    moved, out = tmp_path / "moved", tmp_path / "copy"
    shutil.copytree(searched, out)
    moved.mkdir()
    for name in ("small.toml", "train.csv", "dev.csv", "test.csv"):
        shutil.copy(folder / name, moved / name)
    for _ in library.search(moved / "small.toml", TRIALS + 1, out=out, resume=True):
        pass
    assert SearchFolder.at(out).record()["recipe_file"] == str(moved / "small.toml")
    assert len(trials_of(out)) == TRIALS + 1
    assert trials_of(out)[-1]["state"] in ("finished", "pruned")


def test_a_kill_while_values_are_drawn_changes_none(searched: Path, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "killed"
    for _ in library.search(folder / "small.toml", 2, out=out):
        pass
    trial = open_study(SearchFolder.at(out), 2).ask()
    trial.suggest_categorical("encoder.kind", ['"gru"', '"lstm"'])
    for _ in library.search(folder / "small.toml", 4, out=out, resume=True):
        pass
    assert trials_of(out) == trials_of(searched)[:4]


def test_what_a_user_has_trained_in_the_folder_stays(searched: Path, tmp_path: Path) -> None:
    out = tmp_path / "copy"
    shutil.copytree(searched, out)
    own = [out / "mine", out / "several/seed_1"]
    for path in own:
        shutil.copytree(next(out.glob("trial_*")), path)
    (out / "several/seeds.json").write_text("{}")
    assert sorted(SearchFolder.at(out).clear()) == ["mine", "several"]
    assert all((path / "model.safetensors").is_file() for path in own)


@pytest.mark.faults
@pytest.mark.parametrize("at", [0, 1, 2, 3, 8, 15, 22, 40, 55])
def test_a_search_that_is_killed_twice_anywhere_goes_on(searched: Path, folder: Path, tmp_path: Path, at: int) -> None:
    out = tmp_path / "killed"
    kill_at(folder, out, at)
    kill_at(folder, out, 5, resume=True)
    finish(folder, out)
    assert trials_of(out) == trials_of(searched)


def test_a_search_that_is_stopped_goes_on_and_can_be_extended(
    searched: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searches, "SNAPSHOT", 0.0)  # each event is seen, however fast the machine is
    out = tmp_path / "stopped"
    found = library.search(folder / "small.toml", 4, out=out)
    for trials in found:
        if trials[-1].number == 3:
            found.close()
    assert [trial["state"] for trial in trials_of(out)][-1] == "running"
    finish(folder, out)
    assert trials_of(out) == trials_of(searched)


def test_trials_that_diverge_or_fail_are_told_and_do_not_end_it(folder: Path, seqnlp: Program) -> None:
    settings = ["search.optimizer.lr=[0.002, 1e38]", "training.max_grad_norm=1e30"]
    words = [word for setting in settings for word in ("-s", setting)]
    done = seqnlp("search", "small.toml", "--trials", 6, *words, "--out", "runs/wild", folder=folder)
    assert done.returncode == 0, done.stderr
    found = json.loads(seqnlp("search", "small.toml", "--out", "runs/wild", "--show", "--json", folder=folder).stdout)
    diverged = [trial for trial in found["trials"] if trial["state"] == "diverged"]
    assert diverged
    assert all("not finite" in trial["problem"] for trial in diverged)
    assert len(found["trials"]) == 6
    assert f"trial {diverged[0]['number']} diverged: the " in done.stderr
    assert found["trials"][found["best"] - 1]["state"] == "finished"


def test_a_search_in_which_all_trials_fail_ends(folder: Path, seqnlp: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    from seqnlp.hyperparameters import trials

    def broken(*_: object, **__: object) -> Any:
        raise RunError("no space left while saving", "runs")
        yield

    monkeypatch.setattr(trials, "train", broken)
    done = seqnlp("search", "small.toml", "--trials", 6, "--out", "runs/full", folder=folder)
    assert done.returncode == 4
    assert done.stderr.endswith(
        "error: 3 trials in a row have failed, the last one: runs: no space left while saving\n"
    )


@pytest.mark.slow
def test_several_processes_share_a_search(folder: Path, seqnlp: Program) -> None:
    words = ["--trials", 5, "--workers", 2, "--out", "runs/two"]
    done = seqnlp("search", "small.toml", *words, folder=folder)
    assert done.returncode == 0, done.stderr
    trials = trials_of(folder / "runs/two")
    assert [trial["number"] for trial in trials] == [1, 2, 3, 4, 5]
    assert all(trial["state"] in ("finished", "pruned") for trial in trials)
    assert len(Run.find(folder / "runs/two")) == 1


def test_it_is_shown_drawn_listed_and_removed(searched: Path, folder: Path, seqnlp: Program, tmp_path: Path) -> None:
    picture = tmp_path / "trials.svg"
    done = seqnlp("search", "small.toml", "--show", "--svg", picture, folder=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].split() == [
        *("trial", "state", "dev", "accuracy", "epochs", "kind", "size", "layer_norm", "lr", "time")
    ]
    assert len(done.stdout.splitlines()) == TRIALS + 1
    drawn = picture.read_text()
    assert drawn.count("trial ") >= TRIALS
    assert "encoder.layer_norm" in drawn
    assert seqnlp("runs", "show", searched).stdout == done.stdout
    assert "small_trials/trial_" in seqnlp("runs", "ls", "--csv", searched.parent).stdout
    assert seqnlp("search", "small.toml", "--trials", 1, "--out", "runs/gone", "-q", folder=folder).returncode == 0
    assert seqnlp("runs", "rm", folder / "runs/gone", "--yes").returncode == 0
    assert not (folder / "runs/gone").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "runs/small_trials is already a search: --resume continues it"),
        (["--resume", "--overwrite"], "--resume and --overwrite contradict each other"),
        (["--resume", "-s", "training.epochs=4"], "can't resume, the recipe has changed since"),
        (["--resume", "-s", "search.encoder.size=[2, 3]"], "can't resume, the search space has changed since"),
        (["--trials", 0], "--trials 0: expected a whole number from 1 to 1,000,000"),
        (["--minutes", 0], "--minutes 0: expected a number from 0.01 to"),
        (["--out", "small.toml"], "small.toml is a file, but a search is a folder"),
        (["--out", "."], ". is not a search and holds other files"),
        (["-s", "data.folds=3", "--out", "runs/x"], "data.folds = 3 and a search contradict each other"),
        (["-s", "data.train=none.csv", "--out", "runs/x"], "none.csv: no such file"),
        (["--show", "--out", "runs/x"], "runs/x: not a search: it has no search.json"),
    ],
)
def test_what_can_not_be_is_told(words: list[object], told: str, searched: Path, folder: Path, seqnlp: Program) -> None:
    done = seqnlp("search", "small.toml", *words, folder=folder)
    assert done.returncode in (2, 3, 4)
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "runs/x").exists()


def test_a_recipe_without_a_space_is_told(folder: Path) -> None:
    (folder / "plain.toml").write_text(RECIPE)
    with pytest.raises(UsageError, match=r"there is no section \[search\] in it"):
        list(library.search(folder / "plain.toml"))


def test_optuna_that_is_missing_is_told(folder: Path, seqnlp: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    from seqnlp.cli import search as command

    monkeypatch.setattr(command, "find_spec", lambda name: None)
    done = seqnlp("search", "small.toml", folder=folder)
    assert (done.returncode, done.stderr) == (2, 'error: search: this needs optuna: pip install "seqnlp[search]"\n')


def test_a_damaged_journal_is_told(searched: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(searched, tmp_path / "copy")
    journal = tmp_path / "copy/journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:5], b"not JSON\n", *lines[5:]]))
    with pytest.raises(SeqnlpError, match=r"journal.jsonl: damaged"):
        trials_of(tmp_path / "copy")


def test_the_journal_is_json_alone(searched: Path) -> None:
    for line in (searched / "journal.jsonl").read_text().splitlines():
        assert isinstance(json.loads(line), dict)
    assert Trial(1, "finished", {}).has_ended
