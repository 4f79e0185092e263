"""Estimates of time and memory: from a few timed steps, which leave no trace in the training."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from seqnlp.events import Started, Stepped
from seqnlp.training import Trainer, loop

Make = Callable[..., Trainer]

SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "two threads": {"training": {"threads": 2, "ema_decay": 0.9, "gradient_accumulation": 2}},
    "sgd": {"optimizer": {"kind": "sgd"}, "training": {"evaluate_every": 2}},
}


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "FEWEST_STEPS", 1)


def end_of(trainer: Trainer, estimated: bool) -> tuple[dict[str, torch.Tensor], list[float]]:
    estimate = trainer.estimate(50) if estimated else None
    losses = [event.loss for event in trainer.events(estimate) if isinstance(event, Stepped)]
    tensors = {name: tensor.clone() for name, tensor in trainer.state()[0].items()}
    trainer.close()
    return tensors, losses


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("carried", [False, True])
def test_an_estimate_changes_nothing(make_trainer: Make, lanes: Any, settings: dict[str, Any], carried: bool) -> None:
    def made() -> Trainer:
        examples = lanes([6, 6, 3, 3], [[0, 1], [2, 3], [0, 1], [2, 3]]) if carried else None
        causal = {"encoder": {"kind": "gru", "bidirectional": False}} if carried else {}
        return make_trainer(examples, **causal, **settings)

    (ours, losses), (theirs, expected) = end_of(made(), True), end_of(made(), False)
    assert losses == expected
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_an_estimate_in_the_middle_is_of_what_is_left(make_trainer: Make) -> None:
    trainer, plain = make_trainer(), make_trainer()
    for trained in (trainer, plain):
        events = trained.events()
        while trained.progress.step < 2:
            next(events)
    estimate = trainer.estimate(0)
    assert estimate is not None
    (ours, _), (theirs, _) = end_of(trainer, False), end_of(plain, False)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_the_start_tells_it(make_trainer: Make) -> None:
    trainer = make_trainer()
    estimate = trainer.estimate(50)
    assert estimate is not None
    started = next(trainer.events(estimate))
    trainer.close()
    assert isinstance(started, Started)
    assert started.expected_seconds == estimate.seconds > 0
    assert started.expected_memory == estimate.memory
    assert estimate.memory is None or estimate.memory > 10_000_000  # a process with torch has more


def test_a_longer_training_is_expected_to_take_longer(make_trainer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr("time.perf_counter", lambda: float(next(clock)))  # each step takes a second
    trainer = make_trainer(training={"epochs": 5})
    estimate = trainer.estimate(0)
    trainer.close()
    assert estimate is not None
    assert estimate.seconds == pytest.approx(2 * trainer.steps, rel=0.01)  # one for gradients, one for the optimizer


def test_a_short_training_is_not_worth_it(make_trainer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "FEWEST_STEPS", 50)
    trainer = make_trainer()
    assert trainer.estimate(50) is None
    trainer.close()
