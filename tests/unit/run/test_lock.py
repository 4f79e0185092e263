"""Two trainings can't write to one folder, and a dead one is in nobody's way."""

import os
import signal
from pathlib import Path

import pytest

from seqnlp.errors import RunError
from seqnlp.run import Run
from seqnlp.run.lock import RunLock


def test_a_folder_is_claimed_once_and_given_back(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "new"
    with RunLock(path) as first, RunLock(path) as second:
        first.take()
        first.take()
        with pytest.raises(RunError, match=f"new: process {os.getpid()} is training here"):
            second.take()
    with RunLock(path) as third:
        third.take()
    Run.check_free(path)
    Run.create(path)


def test_what_is_not_taken_is_not_made(tmp_path: Path) -> None:
    with RunLock(tmp_path / "new"):
        pass
    assert not (tmp_path / "new").exists()


def test_the_claim_of_a_killed_process_ends(tmp_path: Path) -> None:
    ready, tell = os.pipe()
    child = os.fork()
    if child == 0:
        claim = RunLock(tmp_path)
        claim.take()
        os.write(tell, b"!")
        signal.pause()
    assert os.read(ready, 1) == b"!"
    with RunLock(tmp_path) as claim, pytest.raises(RunError, match=f"process {child} "):
        claim.take()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with RunLock(tmp_path) as claim:
        claim.take()
