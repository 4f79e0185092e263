"""What is known of a training from its events."""

from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from seqnlp.events import Done, Evaluated, Started, Stepped
from seqnlp.run.events_log import EVENTS, Tail, append_event
from seqnlp.status import LogFollower, TrainingStatus


def stepped(step: int, seconds: float, loss: float = 1.0) -> Stepped:
    return Stepped(step, step / 10, seconds, loss, 0.1, step * 100, 500.0)


def test_nothing_is_known_before_the_first_event() -> None:
    status = TrainingStatus()
    assert (status.seconds, status.share, status.seconds_left, status.loss) == (0.0, 0.0, None, None)


def test_time_left_counts_evaluations_and_forgets_what_was_before_a_resume() -> None:
    status = TrainingStatus()
    status.add(Started(20, 2.0, 1000.0, 100, 10, 5, "words"))
    assert status.seconds_left is None
    status.add(stepped(30, 1010.0))
    assert status.seconds_left == pytest.approx(70)
    status.add(Evaluated(30, 3.0, 1020.0, {}, "", False))
    assert status.seconds_left == pytest.approx(140)
    assert status.share == pytest.approx(0.3)
    status.add(stepped(100, 1100.0))
    assert status.seconds_left == 0


def test_before_the_first_step_the_time_left_is_the_estimate_of_the_start() -> None:
    status = TrainingStatus()
    status.add(Started(20, 2.0, 1000.0, 100, 10, 5, "words", 90.0, 300_000_000))
    assert status.seconds_left == 90
    status.add(stepped(30, 1010.0))
    assert status.seconds_left == pytest.approx(70)


def test_the_loss_of_an_evaluation_is_the_mean_since_the_one_before() -> None:
    status = TrainingStatus()
    for step, loss in enumerate([4.0, 2.0], 1):
        status.add(stepped(step, step, loss))
    status.add(Evaluated(2, 0.2, 2.0, {"accuracy": 0.5}, "accuracy", True))
    status.add(stepped(3, 3.0, 1.0))
    status.add(Evaluated(3, 0.3, 3.0, {"accuracy": 0.4}, "accuracy", False))
    status.add(Evaluated(3, 0.3, 3.0, {"accuracy": 0.4}, "accuracy", False))
    assert [evaluation.loss for evaluation in status.evaluations] == [3.0, 1.0, None]
    assert status.best == status.evaluations[0]
    assert status.best is not None
    assert status.best.score == 0.5


def test_the_smoothed_loss_is_a_mean_at_first_and_then_follows_slowly() -> None:
    status = TrainingStatus()
    for step, loss in enumerate([4.0, 2.0, 3.0], 1):
        status.add(stepped(step, step, loss))
    assert status.loss == pytest.approx(3.0)
    for step in range(4, 500):
        status.add(stepped(step, step, 1.0))
    assert status.loss == pytest.approx(1.0)
    status.add(stepped(500, 500, 2.0))
    assert status.loss == pytest.approx(1.05)


def test_the_end() -> None:
    status = TrainingStatus()
    done = Done(5, 1.0, 2.0, "finished")
    status.add(done)
    assert status.done == done


def test_two_readers_at_once_take_each_event_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    follower, log = LogFollower(tmp_path), tmp_path / EVENTS
    append_event(log, Started(0, 0.0, 0.0, 9, 1.0, 5, "words"))
    append_event(log, stepped(4, 1.0))
    follower.read()
    append_event(log, Started(3, 0.3, 0.9, 9, 1.0, 5, "words"))  # as after a kill
    append_event(log, Evaluated(5, 0.5, 2.0, {"accuracy": 0.5}, "accuracy", True))
    has_read, goes_on, read = Event(), Event(), Tail.read

    def halting(tail: Tail) -> Any:
        found = read(tail)
        if not has_read.is_set():
            has_read.set()
            assert goes_on.wait(60)
        return found

    monkeypatch.setattr(Tail, "read", halting)
    readers = [Thread(target=follower.read) for _ in range(2)]
    readers[0].start()
    assert has_read.wait(60)
    readers[1].start()
    readers[1].join(0.2)  # it waits for the other, which is between the log and the status
    goes_on.set()
    for reader in readers:
        reader.join(60)
    assert follower.status.started is not None
    assert follower.status.started.step == 3
    assert len(follower.status.evaluations) == 1
