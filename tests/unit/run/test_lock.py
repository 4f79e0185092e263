"""Two trainings can't write to one folder, and a dead one is in nobody's way."""

import os
import signal
from pathlib import Path
from threading import Thread

import pytest

from seqnlp.errors import DataError, RunError
from seqnlp.run import Run
from seqnlp.run.lock import HOLDER, RunLock, holder


def test_a_folder_is_locked_once_and_released(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "new"
    with RunLock(path) as first, RunLock(path) as second:
        first.acquire()
        first.acquire()
        with pytest.raises(RunError, match=f"new: process {os.getpid()} is training here"):
            second.acquire()
        assert holder(path) == os.getpid()
    assert holder(path) is None
    with RunLock(path) as third:
        third.acquire()
    Run.check_free(path)
    Run.create(path)


def test_lock_that_is_not_acquired_makes_no_file(tmp_path: Path) -> None:
    with RunLock(tmp_path / "new"):
        pass
    assert not (tmp_path / "new").exists()


def test_the_lock_of_a_killed_process_ends(tmp_path: Path) -> None:
    ready, tell = os.pipe()
    child = os.fork()
    if child == 0:
        lock = RunLock(tmp_path)
        lock.acquire()
        os.write(tell, b"!")
        signal.pause()
    assert os.read(ready, 1) == b"!"
    with RunLock(tmp_path) as lock, pytest.raises(RunError, match=f"process {child} "):
        lock.acquire()
    assert holder(tmp_path) == child
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert (tmp_path / HOLDER).read_text() == str(child)
    assert holder(tmp_path) is None
    with RunLock(tmp_path) as lock:
        lock.acquire()
        assert holder(tmp_path) == os.getpid()


def test_a_training_may_end_in_another_thread(tmp_path: Path) -> None:
    lock = RunLock(tmp_path)
    thread = Thread(target=lock.acquire)
    thread.start()
    thread.join()
    assert holder(tmp_path) == os.getpid()
    lock.__exit__(None, None, None)
    with RunLock(tmp_path) as other:
        other.acquire()


@pytest.mark.parametrize("note", ["", "x", "0"])
def test_a_note_that_names_nobody_counts_as_none(tmp_path: Path, note: str) -> None:
    (tmp_path / HOLDER).write_text(note)
    assert holder(tmp_path) is None
    with RunLock(tmp_path) as lock:
        lock.acquire()


def test_a_folder_that_can_not_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with RunLock(tmp_path / "file" / "run") as lock, pytest.raises(DataError, match="not a directory while locking"):
        lock.acquire()
