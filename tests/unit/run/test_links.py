"""Parts of a run that are links: refused, and nothing outside of the run is ever written or deleted."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from seqnlp.errors import DataError, RunError
from seqnlp.events import Saved
from seqnlp.run import Run
from seqnlp.run.directory import META
from seqnlp.run.files import write_bytes
from seqnlp.run.lock import RunLock, holder
from seqnlp.run.summary import summarize

FILES = (
    "recipe.toml",
    "meta.json",
    "codecs/words.json",
    "plugins/own.py",
    "model.safetensors",
    "state/last.safetensors",
    "events.jsonl",
    "scores.json",
    "probe.json",
    "README.md",
    ".lock",
    ".lock.pid",
)
FOLDERS = ("codecs", "plugins", "state")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run.create(tmp_path / "runs/mine")
    run.save_recipe('task = "tag"\n')
    run.save_codec("words", {"words": ["a", "b"]})
    run.save_plugin("own.py", b"x = 1\n")
    run.save_meta({"format": 2}, digests=True)
    run.save_model({"weight": torch.arange(4.0)})
    run.save_state({"weight": torch.arange(4.0)}, {"step": 1})
    run.save_scores({"dev": {"accuracy": 0.5}})
    run.save_probe({"split": "dev"})
    run.save_card("# card\n")
    run.append(Saved(1, 1.0, 1.0))
    for name in (".lock", ".lock.pid"):
        (run.path / name).write_text("0")
    return run


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def lock(path: Path) -> None:
    with RunLock(path) as held:
        held.acquire()


ACTIONS: dict[str, Callable[[Path], object]] = {
    "open": Run.open,
    "look": Run.at,
    "resume": Run.resume,
    "overwrite": lambda path: Run.create(path, overwrite=True),
    "check": lambda path: Run.check_free(path, overwrite=True),
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("part", [*FILES, *FOLDERS])
def test_a_link_is_refused_and_its_target_left_alone(run: Run, part: str, action: str, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    target = outside / Path(part).name
    (run.path / part).rename(target)
    (run.path / part).symlink_to(target)
    before, inside = contents(outside), contents(run.path)
    with pytest.raises(RunError, match=r"this is a link, and the parts of a run are files of its own") as refused:
        ACTIONS[action](run.path)
    assert str(refused.value).startswith(f"{run.path / part}: ")
    assert "\n" not in str(refused.value)
    assert contents(outside) == before
    assert contents(run.path) == inside
    if part not in (".lock", ".lock.pid"):
        assert summarize(run).state == "damaged"


def test_locking_does_not_empty_what_a_link_points_to(run: Run, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("gold")
    (run.path / ".lock").unlink()
    (run.path / ".lock").symlink_to(tmp_path / "precious")
    (run.path / ".lock.pid").write_text("1")
    assert holder(run.path) is None
    with pytest.raises(RunError, match=r"\.lock: this is a link"):
        lock(run.path)
    assert (tmp_path / "precious").read_text() == "gold"


def test_a_file_is_not_written_through_a_link_under_its_temporary_name(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("gold")
    (tmp_path / f".file.{os.getpid()}.tmp").symlink_to(tmp_path / "precious")
    write_bytes(tmp_path / "file", b"new")
    assert (tmp_path / "precious").read_text() == "gold"
    assert (tmp_path / "file").read_bytes() == b"new"
    assert not (tmp_path / "file").is_symlink()


def test_broken_links_are_links(run: Run, tmp_path: Path) -> None:
    (run.path / "probe.json").unlink()
    (run.path / "probe.json").symlink_to(tmp_path / "nowhere")
    with pytest.raises(RunError, match="this is a link"):
        Run.open(run.path)


@pytest.mark.parametrize("part", ["codecs/words.json", "model.safetensors", "meta.json"])
def test_a_pipe_is_refused_rather_than_waited_for(run: Run, part: str) -> None:
    (run.path / part).unlink()
    os.mkfifo(run.path / part)
    with pytest.raises(DataError, match="neither a file nor a folder"):
        Run.open(run.path)


def test_the_folder_of_a_run_may_be_a_link(run: Run, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(run.path)
    assert Run.open(link).load_model()["weight"].tolist() == [0, 1, 2, 3]
    Run.resume(link).append(Saved(2, 2.0, 2.0))
    assert [event["step"] for event in run.events()] == [1, 2]
    Run.create(link, overwrite=True)
    assert link.is_symlink()
    assert not run.has_state
    assert (run.path / META).exists()


def test_links_that_are_no_part_of_the_run_are_left_alone(run: Run, tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    (run.path / "notes").symlink_to(tmp_path / "notes")
    Run.create(Run.open(run.path).path, overwrite=True)
    assert (run.path / "notes").read_text() == "mine"


def test_resuming_a_copy_of_hard_links_leaves_the_original_alone(run: Run, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    for name in contents(run.path):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        os.link(run.path / name, copy / name)
    before = contents(run.path)
    resumed = Run.resume(copy)
    resumed.append(Saved(2, 2.0, 2.0))
    resumed.save_state({"weight": torch.zeros(2)}, {"step": 2})
    assert [event["step"] for event in resumed.events()] == [1, 2]
    assert contents(run.path) == before
