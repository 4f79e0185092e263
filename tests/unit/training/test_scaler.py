"""Scaled losses of trainings in float16, tried with products in float32: only what the scaler does is different."""

import json
import math
from collections.abc import Callable

import pytest
import torch

from seqnlp.errors import Diverged
from seqnlp.nn.device import CPU
from seqnlp.training import Trainer
from seqnlp.training.loop import LEAST_SCALE
from seqnlp.training.precision import FORMATS

Make = Callable[..., Trainer]


@pytest.fixture(autouse=True)
def _scaled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqnlp.training.loop.resolve", lambda precision, *about: precision)
    monkeypatch.setitem(FORMATS, "fp16", None)


def scale_of(trainer: Trainer) -> float:
    assert trainer.scaler is not None
    return trainer.scaler.get_scale()


def test_a_scale_changes_no_step(make_trainer: Make) -> None:
    plain, scaled = make_trainer(), make_trainer(training={"precision": "fp16", "gradient_accumulation": 1})
    assert plain.scaler is None
    for trainer in (plain, scaled):
        for _ in trainer.events():
            pass
    assert scale_of(scaled) == 2**16
    for name, mine in scaled.weights().items():
        torch.testing.assert_close(mine, plain.weights()[name], rtol=1e-5, atol=1e-6)


def overflowing(trainer: Trainer, steps: int) -> None:
    """Make the gradients of the first steps infinite."""
    left = [steps]

    def hook(gradient: torch.Tensor) -> torch.Tensor:
        left[0] -= 1
        return gradient * math.inf if left[0] >= 0 else gradient

    trainer.parameters[0].register_hook(hook)


def test_a_gradient_that_overflows_halves_the_scale_and_changes_no_weight(make_trainer: Make) -> None:
    trainer = make_trainer(training={"precision": "fp16"})
    overflowing(trainer, 1)
    before = trainer.weights()
    events = trainer.events()
    next(events), next(events)
    assert trainer.progress.step == 1
    assert all(torch.equal(mine, before[name]) for name, mine in trainer.weights().items())
    assert scale_of(trainer) == 2**15
    tensors, progress = trainer.state()
    tensors = {name: tensor.clone() for name, tensor in tensors.items()}
    next(events)
    assert any(not torch.equal(mine, before[name]) for name, mine in trainer.weights().items())
    resumed = make_trainer(training={"precision": "fp16"})
    resumed.restore(tensors, json.loads(json.dumps(progress)))
    assert scale_of(resumed) == 2**15
    with pytest.raises(ValueError, match="no part of a checkpoint"):
        make_trainer().restore(tensors, json.loads(json.dumps(progress)))
    for wrong in (torch.tensor(-1.0), torch.tensor(math.nan)):
        with pytest.raises(ValueError, match=r"scaler\.scale"):
            resumed.restore({**tensors, "scaler.scale": wrong}, json.loads(json.dumps(progress)))


def test_gradients_that_overflow_at_every_scale_are_a_divergence(make_trainer: Make) -> None:
    trainer = make_trainer(training={"precision": "fp16", "epochs": 20})
    overflowing(trainer, 1000)
    with pytest.raises(Diverged, match="the gradient is not finite"):
        for _ in trainer.events():
            pass
    assert scale_of(trainer) < LEAST_SCALE
    assert trainer.model.device == CPU
