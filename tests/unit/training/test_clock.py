"""A clock of work, which leaves out the time in which the process stood still."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from threading import active_count
from typing import Any

import pytest

from seqnlp.events import Evaluated, Stepped
from seqnlp.model import SequenceModel
from seqnlp.training import Trainer
from seqnlp.training.clock import BEAT, LATE, Clock


class Hands:
    """Seconds that a test moves on."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def hands() -> Hands:
    return Hands()


def test_work_counts_however_long_and_a_pause_does_not(hands: Hands) -> None:
    clock = Clock(hands)
    with clock.running():
        begun = clock.now()
        for _ in range(20):
            hands.seconds += LATE / 2
            clock.now()
        assert clock.now() - begun == pytest.approx(10 * LATE)
        hands.seconds += 3600
        assert clock.now() - begun == pytest.approx(10 * LATE + BEAT)
        assert clock.now() - begun == pytest.approx(10 * LATE + BEAT)


def test_the_clock_looks_by_itself(hands: Hands) -> None:
    looks: list[float] = []

    def read() -> float:
        looks.append(hands.seconds)
        return hands.seconds

    before = active_count()
    clock = Clock(read)
    with clock.running():
        count = len(looks)
        end = time.monotonic() + 20
        while len(looks) < count + 3:
            assert time.monotonic() < end, "nobody looks"
            time.sleep(0.01)
    assert active_count() == before


def test_whoever_keeps_the_looker_waiting_works(hands: Hands) -> None:
    clock = Clock(hands, worked=hands)
    with clock.running():
        begun = clock.now()
        hands.seconds += 60
        assert clock.now() - begun == 60


def test_time_outside_of_the_work_is_no_pause(hands: Hands) -> None:
    clock = Clock(hands)
    hands.seconds += 50
    with clock.running():
        begun = clock.now()
    hands.seconds += 50
    assert clock.now() - begun == 50


def test_a_pause_changes_neither_speed_nor_seconds(make_trainer: Callable[..., Trainer], hands: Hands) -> None:
    def train(pauses: float) -> list[Any]:
        """A second of work for each evaluation and for each step; then the process may stand still for a while."""

        def work() -> None:
            for _ in range(4):
                hands.seconds += 0.25
                trainer.clock.now()
            hands.seconds += pauses

        def score(model: SequenceModel) -> dict[str, float]:
            work()
            return {"accuracy": 0.5}

        trainer = make_trainer(score=score, training={"epochs": 3})
        trainer.clock = Clock(hands, worked=lambda: 0.0)
        gradients = trainer.replicas.gradients

        def slow(*given: Any) -> Any:
            work()
            return gradients(*given)

        trainer.replicas.gradients = slow  # type: ignore[method-assign]
        return [event for event in trainer.events() if isinstance(event, Stepped | Evaluated)]

    even, paused = train(0.0), train(3600.0)
    assert [event.step for event in paused] == [event.step for event in even]
    for number, (one, other) in enumerate(zip(even, paused, strict=True), start=1):
        assert one.seconds == pytest.approx(number)
        assert other.seconds == pytest.approx(number * (1 + BEAT))
    speeds = [[event.items_per_second for event in events if isinstance(event, Stepped)] for events in (even, paused)]
    assert speeds[1] == pytest.approx([speed / (1 + BEAT) for speed in speeds[0]])


SCRIPT = """
import sys, time
from seqnlp.training.clock import Clock
clock = Clock()
with clock.running():
    begun, there = clock.now(), time.perf_counter()
    print("working", flush=True)
    sys.stdin.readline()
    print(clock.now() - begun, time.perf_counter() - there)
"""


@pytest.mark.skipif(os.name != "posix", reason="processes can't be stopped here")
@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGTSTP], ids=["stopped", "ctrl-z"])
def test_a_process_that_is_stopped_for_a_moment(number: signal.Signals) -> None:
    command = [sys.executable, "-c", SCRIPT]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, process_group=0
    ) as process:  # a group of its own, as a shell gives it: elsewhere the kernel might not heed ctrl-z
        assert process.stdout is not None
        assert process.stdout.readline() == "working\n"
        process.send_signal(number)
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        time.sleep(3 * LATE)  # the pause that is measured
        process.send_signal(signal.SIGCONT)
        told, _ = process.communicate("go on\n", timeout=60)
        worked, passed = map(float, told.split())
    assert passed > 3 * LATE
    assert worked < passed - 2 * LATE
