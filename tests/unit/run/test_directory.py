"""What may become a run, what is one, and what is said of everything else."""

import errno
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

from seqnlp.errors import DataError, RunError, UsageError
from seqnlp.events import Done, Saved, Started
from seqnlp.run import Run


def trained(path: Path) -> Run:
    run = Run.create(path)
    run.save_recipe('task = "tag"\n')
    run.save_codec("words", {"words": ["a", "b"]})
    run.save_model({"weight": torch.arange(4.0)})
    return run


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def names(path: Path) -> set[str]:
    return {str(file.relative_to(path)) for file in path.rglob("*") if file.is_file()}


def test_everything_saved_comes_back(tmp_path: Path) -> None:
    run = trained(tmp_path / "a" / "run")
    run.save_meta({"format": 2, "recipe": "pos"})
    run.save_scores({"dev": {"perplexity": float("inf"), "accuracy": 0.5}})
    run.save_state({"weight": torch.ones(2)}, {"step": 3})
    run.save_card("# card\n")
    opened = Run.open(tmp_path / "a" / "run")
    assert opened.name == "run"
    assert opened.recipe_text() == 'task = "tag"\n'
    assert opened.meta() == {"format": 2, "recipe": "pos"}
    assert opened.load_codecs() == {"words": {"words": ["a", "b"]}}
    assert opened.scores() == {"dev": {"perplexity": None, "accuracy": 0.5}}
    assert opened.load_model()["weight"].tolist() == [0, 1, 2, 3]
    state = opened.load_state()
    assert state is not None
    assert state[0]["weight"].tolist() == [1, 1]
    assert state[1] == {"step": 3}
    assert names(run.path) == {
        "recipe.toml",
        "meta.json",
        "codecs/words.json",
        "model.safetensors",
        "state/last.safetensors",
        "scores.json",
        "README.md",
    }


def test_a_young_run_has_no_state_scores_or_events(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run")
    assert run.load_state() is None
    assert run.scores() == {}
    assert run.events() == []
    assert run.model_bytes == 0
    assert not run.is_finished


@pytest.mark.parametrize("name", ["labels.upos", "a/b", "../up", "", "naïve 词", "a%2Fb", "\ud800"])
def test_a_codec_may_have_any_name(tmp_path: Path, name: str) -> None:
    run = Run.create(tmp_path / "run")
    run.save_codec(name, {"text": name})
    assert run.load_codecs() == {name: {"text": name}}
    assert len(names(tmp_path / "run" / "codecs")) == 1


def test_a_codec_that_would_not_come_back_is_refused(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run")
    with pytest.raises(DataError, match=r"codecs/scaler\.json: this codec, .* has numbers that are not finite"):
        run.save_codec("scaler", {"mean": [1.0, float("inf")]})
    assert run.load_codecs() == {}


def test_a_missing_codec_is_named(tmp_path: Path) -> None:
    codecs = trained(tmp_path / "run").load_codecs()
    with pytest.raises(RunError, match=r"codecs/labels\.json: missing"):
        codecs["labels"]


def test_create_refuses_what_is_there(tmp_path: Path) -> None:
    trained(tmp_path / "run")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "README.md").touch()
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="--resume continues it, --overwrite"):
        Run.create(tmp_path / "run")
    for overwrite in (False, True):
        with pytest.raises(UsageError, match="not a run and holds other files"):
            Run.create(tmp_path / "other", overwrite)
        with pytest.raises(UsageError, match="is a file"):
            Run.create(tmp_path / "file", overwrite)
    assert names(tmp_path / "other") == {"README.md"}
    assert Run.open(tmp_path / "run").load_model().keys() == {"weight"}


def test_create_takes_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / ".meta.json.1.tmp").touch()
    assert names(Run.create(tmp_path).path) == {"meta.json"}


def test_overwrite_removes_the_run_and_nothing_else(tmp_path: Path) -> None:
    run = trained(tmp_path / "run")
    run.save_state({}, {})
    run.save_scores({})
    run.save_card("")
    run.append(Saved(1, 1.0, 1.0))
    (run.path / "notes.txt").touch()
    (run.path / ".model.safetensors.77.tmp").touch()
    Run.create(run.path, overwrite=True)
    assert names(run.path) == {"meta.json", "notes.txt"}


def test_create_in_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="while beginning a run"):
        Run.create(tmp_path / "file" / "run")


def test_open_says_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    trained(Path("runs/pos_gru"))
    Path("other").mkdir()
    Path("file").touch()
    cases = {
        "runs/pos_gur": r"no such run \(did you mean runs/pos_gru\?\)",
        "pos_gru": r"no such run \(did you mean runs/pos_gru\?\)",
        "runs/nothing_like_it": r"no such run$",
        "runs": r"not a run: it has no meta.json \(did you mean runs/pos_gru\?\)",
        "other": r"not a run: it has no meta.json \(did you mean runs/pos_gru\?\)",
        "file": r"expected a run, the folder .* found a file",
    }
    for path, message in cases.items():
        with pytest.raises(RunError, match=message):
            Run.open(path)


@pytest.mark.parametrize("missing", ["recipe.toml", "model.safetensors", "meta.json", "codecs"])
def test_open_names_what_is_missing(tmp_path: Path, missing: str) -> None:
    run = trained(tmp_path / "run")
    (run.path / missing).rename(tmp_path / "away")
    with pytest.raises(RunError, match=rf"half-written: {missing} is missing \(.*--overwrite"):
        Run.open(run.path)
    run.save_state({}, {})
    with pytest.raises(RunError, match=rf"half-written: {missing} is missing \(.*--resume may finish it"):
        Run.open(run.path)


def test_open_refuses_a_newer_or_damaged_format(tmp_path: Path) -> None:
    run = trained(tmp_path / "run")
    cases = {
        '{"format": 3}': "format 3 is newer than this seqnlp, which reads 2: upgrade seqnlp",
        '{"format": 1}': "format 1 is older than this seqnlp, which reads 2: train it again",
        '{"format": "1"}': "expected a format number",
        "{}": "expected a format number",
        "[1]": "expected a JSON object, found list",
        '{"format": 2': "meta.json: damaged: not JSON",
        "\0" * 40: "meta.json: damaged: not JSON",
        "[" * 100_000: "meta.json: damaged: not JSON",
    }
    for text, message in cases.items():
        (run.path / "meta.json").write_text(text)
        for opener in (Run.open, Run.resume, Run.at):
            with pytest.raises(RunError, match=message):
                opener(run.path)


def test_resume_clears_what_a_killed_process_left(tmp_path: Path) -> None:
    run = trained(tmp_path / "run")
    run.append(Saved(1, 1.0, 1.0))
    before = names(run.path)
    for name in (".meta.json.1.tmp", "codecs/.words.json.2.tmp", "state/.last.safetensors.3.tmp"):
        (run.path / name).touch()
    with open(run.path / "events.jsonl", "a") as log:
        log.write('{"event": "step')
    resumed = Run.resume(run.path)
    resumed.append(Saved(2, 2.0, 2.0))
    assert names(run.path) == before
    assert [event["step"] for event in resumed.events()] == [1, 2]


def test_resume_makes_the_folders_that_a_copy_has_lost(tmp_path: Path) -> None:
    run = trained(tmp_path / "run")
    (run.path / "state").rmdir()
    Run.resume(run.path).save_state({}, {"step": 1})
    assert run.load_state() == ({}, {"step": 1})


def test_a_full_disk_keeps_the_last_checkpoint(tmp_path: Path) -> None:
    run = trained(tmp_path / "run")
    run.save_state({"weight": torch.zeros(3)}, {"step": 1})
    run.append(Saved(1, 1.0, 1.0))
    before = names(run.path)
    large = {"weight": torch.ones(10_000)}
    for save in (lambda: run.save_state(large, {"step": 2}), lambda: run.save_model(large)):
        with files_no_larger_than(4096), pytest.raises(DataError, match=r"no space left while saving$"):
            save()
    size = os.path.getsize(run.path / "events.jsonl")
    with files_no_larger_than(size + 10), pytest.raises(DataError, match="no space left"):
        run.append(Saved(2, 2.0, 2.0))
    assert names(run.path) == before
    state = Run.resume(run.path).load_state()
    assert state is not None
    assert state[1] == {"step": 1}
    assert run.load_model()["weight"].tolist() == [0, 1, 2, 3]
    assert [event["step"] for event in run.events()] == [1]


@pytest.mark.parametrize(("number", "message"), [(errno.ENOSPC, "no space left"), (errno.EIO, "input/output error")])
def test_a_failing_disk_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, message: str
) -> None:
    run = trained(tmp_path / "run")

    def fail(handle: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(DataError, match=rf"recipe.toml: {message} while saving"):
        run.save_recipe("new")
    assert run.recipe_text() == 'task = "tag"\n'
    assert not list(run.path.glob(".*"))


def test_an_interrupt_while_saving_leaves_no_traces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = trained(tmp_path / "run")

    def interrupt(handle: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run.save_recipe("new")
    assert run.recipe_text() == 'task = "tag"\n'
    assert not list(run.path.glob(".*"))


def test_finished_means_a_model_scores_and_a_last_word(tmp_path: Path) -> None:
    run = trained(tmp_path / "run")
    run.append(Done(5, 1.0, 2.0, "finished"))
    assert not run.is_finished
    run.save_scores({"dev": {}})
    assert run.is_finished
    run.append(Started(5, 1.0, 2.0, 10, 2.0, 100, "words"))
    assert not run.is_finished


def test_runs_are_found_by_name_order(tmp_path: Path) -> None:
    for name in ("b", "a"):
        Run.create(tmp_path / name)
    (tmp_path / "c").mkdir()
    assert [run.name for run in Run.find(tmp_path)] == ["a", "b"]
    assert Run.find(tmp_path / "nowhere") == []


def test_looking_at_runs_takes_no_torch() -> None:
    code = "import sys, seqnlp.run, seqnlp.run.summary; print({'torch', 'numpy', 'pydantic'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "set()\n"


def test_what_is_no_path_is_refused() -> None:
    events: Any = iter(())
    with pytest.raises(UsageError, match=r"found tuple_iterator; .* list\(seqnlp.train"):
        Run.open(events)
    nothing: Any = None
    with pytest.raises(UsageError, match=r"expected the path of a run, found NoneType$"):
        Run.open(nothing)
