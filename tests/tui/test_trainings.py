"""Trainings as processes: begun, paused, stopped, found again; played by a few lines of code."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from seqnlp.errors import DataError, UsageError
from seqnlp.run.lock import RunLock
from seqnlp.status import LogFollower
from seqnlp.tui.listing import RunFolder
from seqnlp.tui.trainings import Condition, Trainings, line_of, settings_in

PLAYED = Path(__file__).parent / "played_training.py"


def until(true: Callable[[], object]) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end, "this never came"
        time.sleep(0.01)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path("runs")


@pytest.fixture
def trainings(root: Path) -> Iterator[Trainings]:
    found = Trainings(root, (sys.executable, str(PLAYED)))
    yield found
    for training in found.alive():
        os.kill(training.record.pid, signal.SIGKILL)
        until(lambda training=training: not training.alive)  # type: ignore[misc]


def steps(path: Path) -> int:
    follower = LogFollower(path)
    follower.read()
    return follower.status.latest.step if follower.status.latest else 0


def test_a_training_goes_to_its_end(trainings: Trainings, root: Path) -> None:
    training = trainings.start("recipe.toml", ["steps=3"], "a")
    assert training.alive
    until(lambda: not training.alive)
    assert training.code == 0
    assert training.condition is Condition.ENDED
    assert training.last_words() == ["runs/a"]
    follower = LogFollower(root / "a")
    assert follower.read()
    assert not follower.read()
    assert follower.status.done is not None
    assert [evaluation.score for evaluation in follower.status.evaluations] == [0.5]


def test_pause_go_on_stop_and_resume(trainings: Trainings, root: Path) -> None:
    training = trainings.start("recipe.toml", ["steps=100000"], "a")
    until(lambda: steps(root / "a") > 2)
    training.pause()
    until(lambda: training.condition is Condition.PAUSED)
    stood = steps(root / "a")
    time.sleep(0.1)
    assert steps(root / "a") == stood
    training.unpause()
    until(lambda: steps(root / "a") > stood)
    training.pause()
    until(lambda: training.condition is Condition.PAUSED)
    training.stop()  # also one that stands still
    assert training.condition in (Condition.STOPPING, Condition.ENDED)
    until(lambda: not training.alive)
    assert training.code == 130
    assert "go on with" in training.last_words()[-1]
    stopped = steps(root / "a")

    again = trainings.start(training.record.recipe, training.record.settings, "a", "resume")
    until(lambda: steps(root / "a") > stopped)
    assert trainings.at("a") is again
    with pytest.raises(UsageError, match="being trained already"):
        trainings.start("recipe.toml", [], "a", "resume")
    again.stop()
    until(lambda: not again.alive)


def test_a_failure_keeps_its_words(trainings: Trainings) -> None:
    training = trainings.start("recipe.toml", ["fail=1"], "a")
    until(lambda: not training.alive)
    assert training.code == 4
    assert training.last_words() == ["error: the data are gone"]
    training.pause()  # signals to what is gone reach nobody
    training.stop()


def test_another_application_finds_it_and_can_stop_it(trainings: Trainings, root: Path) -> None:
    training = trainings.start("recipe.toml", ["steps=100000"], "a")
    until(lambda: steps(root / "a") > 0)
    others = Trainings(root)
    (found,) = others.alive()
    assert found.record == training.record
    assert not others.own()
    found.pause()
    until(lambda: found.condition is Condition.PAUSED)
    assert RunFolder(root).read(others.alive())[0].state == "paused"
    found.stop()
    until(lambda: not training.alive)
    assert training.code == 130
    assert not found.alive
    assert found.code is None
    assert others.alive() == []
    assert RunFolder(root).read(others.alive())[0].state == "unfinished"


def test_it_outlives_the_application(root: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from seqnlp.tui.trainings import Trainings; "
        f"t = Trainings(Path('runs'), (sys.executable, {str(PLAYED)!r})).start('r.toml', ['steps=100000'], 'a'); "
        "print(t.record.pid)"
    )
    pid = int(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    until(lambda: steps(root / "a") > 5)
    assert os.getsid(pid) == pid  # no terminal takes it along
    (found,) = Trainings(root).alive()
    assert found.record.pid == pid
    found.stop()
    until(lambda: not found.alive)


def test_one_that_was_begun_on_a_command_line_is_seen_by_its_lock(root: Path) -> None:
    path = root / "a"
    with RunLock(path) as lock:
        lock.acquire()
        (found,) = Trainings(root).alive()
        assert found.record.pid == os.getpid()
        assert found.last_words() == []
    assert Trainings(root).alive() == []


def test_another_process_with_the_same_number_is_not_taken_for_it(root: Path) -> None:
    folder = root / ".trainings"
    folder.mkdir(parents=True)
    started = psutil.Process().create_time()
    record = {"recipe": "r.toml", "settings": [], "pid": os.getpid(), "started": started}
    (folder / "a.json").write_text(json.dumps(record))
    assert [training.path.name for training in Trainings(root).alive()] == ["a"]
    (folder / "a.json").write_text(json.dumps(record | {"started": started - 10}))
    (folder / "b.json").write_text("{")
    (folder / "c.json").write_text(json.dumps(record | {"pid": "x"}))
    assert Trainings(root).alive() == []


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", ".hidden", "a\0"])
def test_names_stay_in_the_folder(trainings: Trainings, name: str) -> None:
    with pytest.raises(UsageError, match="name of a folder"):
        trainings.start("recipe.toml", [], name)


def test_what_can_not_be_started_is_told(root: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        Trainings(root, ("/no/such/program",)).start("recipe.toml", [], "a")


@pytest.mark.parametrize(
    ("line", "settings"),
    [
        ("", []),
        ("a=1 b=2", ["a=1", "b=2"]),
        ("-s a=1 --set b='x y'", ["a=1", "b=x y"]),
        ('data.train="a b.txt"', ["data.train=a b.txt"]),
    ],
)
def test_settings_are_written_as_on_a_command_line(line: str, settings: list[str]) -> None:
    assert settings_in(line) == settings
    assert settings_in(line_of(settings)) == settings


def test_a_quotation_mark_needs_its_partner() -> None:
    with pytest.raises(ValueError, match="quotation"):
        settings_in("a='b")


def lines(root: Path, trainings: Trainings) -> list[tuple[str, str, str]]:
    return [(run.name, run.state, run.problem) for run in RunFolder(root).read(trainings.all())]


def test_why_a_training_failed(trainings: Trainings, root: Path) -> None:
    training = trainings.start("recipe.toml", ["fail=1"], "a")
    until(lambda: not training.alive)
    assert lines(root, trainings) == [("a", "failed", "the data are gone")]
    later = Trainings(root)
    assert lines(root, later) == [("a", "failed", "the data are gone")]
    assert trainings.start("recipe.toml", ["steps=2"], "a") is not training
    until(lambda: trainings.alive() == [])
    assert [line[:2] for line in lines(root, trainings)] == [("a", "finished")]
    assert later.at("a") is not later.at("b")
    assert [line[:2] for line in lines(root, later)] == [("a", "finished")]


def test_one_that_was_killed_says_so(trainings: Trainings, root: Path) -> None:
    training = trainings.start("recipe.toml", ["steps=100000"], "a")
    until(lambda: steps(root / "a") > 2)
    os.kill(training.record.pid, signal.SIGKILL)
    until(lambda: not training.alive)
    assert lines(root, trainings) == [("a", "failed", "it was ended by signal 9")]
    assert [line[:2] for line in lines(root, Trainings(root))] == [("a", "unfinished")]  # its checkpoint is there


def test_one_that_ended_without_a_word_has_a_line(trainings: Trainings, root: Path) -> None:
    training = trainings.start("recipe.toml", ["fail=1"], "a")
    until(lambda: not training.alive)
    (root / ".trainings/a.log").write_text("")
    assert lines(root, Trainings(root)) == [("a", "failed", "it ended without a word, before there was a run")]
    (root / ".trainings/a.log").write_text("Traceback\nKilled\n")
    assert lines(root, Trainings(root)) == [("a", "failed", "it ended early: Killed")]


def test_a_run_that_was_deleted_has_no_line(trainings: Trainings, root: Path) -> None:
    training = trainings.start("recipe.toml", ["steps=2"], "a")
    until(lambda: not training.alive)
    shutil.rmtree(root / "a")
    assert lines(root, trainings) == []
    assert lines(root, Trainings(root)) == []


def test_one_that_was_stopped_has_not_failed(trainings: Trainings, root: Path) -> None:
    training = trainings.start("recipe.toml", ["steps=100000"], "a")
    until(lambda: steps(root / "a") > 2)
    training.stop()
    until(lambda: not training.alive)
    assert [line[:2] for line in lines(root, trainings)] == [("a", "unfinished")]
    assert [line[:2] for line in lines(root, Trainings(root))] == [("a", "unfinished")]


def test_what_another_application_has_begun_since_then_is_followed(trainings: Trainings, root: Path) -> None:
    first = trainings.start("recipe.toml", ["fail=1"], "a")
    until(lambda: not first.alive)
    other = Trainings(root, (sys.executable, str(PLAYED)))
    second = other.start("recipe.toml", ["steps=100000"], "a")
    assert trainings.at("a") is not first
    assert [training.record.pid for training in trainings.alive()] == [second.record.pid]
    second.stop()
    until(lambda: not second.alive)


def test_a_run_that_is_moved_is_trained_no_longer_than_that(tmp_path: Path) -> None:
    """It is locked for a moment, by an application that goes on."""
    trainings = Trainings(tmp_path)
    with RunLock(tmp_path / "moved") as lock:
        lock.acquire()
        assert [training.path.name for training in trainings.alive()] == ["moved"]
    assert trainings.all() == []
    with RunLock(tmp_path / "moved") as lock:
        lock.acquire()
        assert [training.path.name for training in trainings.alive()] == ["moved"]
