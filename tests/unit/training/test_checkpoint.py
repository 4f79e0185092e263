"""A checkpoint that is not one of its training is refused, and says why."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from seqnlp.training import Trainer
from tests.unit.training.test_resume import Make

Tensors = dict[str, torch.Tensor]
Change = Callable[[Tensors, dict[str, Any]], Any]


def first(tensors: Tensors, group: str) -> str:
    return next(name for name in tensors if name.startswith(group))


CHANGES: dict[str, tuple[Change, str]] = {
    "unknown group": (lambda t, p: t.update(x=torch.ones(1)), "no part of a checkpoint"),
    "missing weight": (lambda t, p: t.pop(first(t, "model.")), "is missing"),
    "more weights": (lambda t, p: t.update({"model.x": torch.ones(1)}), "which the model lacks"),
    "other shape": (lambda t, p: t.update({first(t, "model."): torch.ones(1)}), "expected float32 of shape"),
    "other type": (
        lambda t, p: t.update({first(t, "model."): t[first(t, "model.")].double()}),
        "is float64 of shape .* expected float32",
    ),
    "average that broadcasts": (lambda t, p: t.update({first(t, "average."): torch.ones(1)}), "the tensor 0 is"),
    "missing average": (lambda t, p: t.pop(first(t, "average.")), "is missing"),
    "memory of another shape": (lambda t, p: t.update({"optimizer.0.exp_avg": torch.ones(1)}), "optimizer.0.exp_avg"),
    "memory without a moment": (lambda t, p: t.pop("optimizer.0.exp_avg"), "memory of parameter 0 holds"),
    "memory of nothing": (lambda t, p: t.update({"optimizer.99.step": torch.ones(())}), "has a parameter 99"),
    "progress without a key": (lambda t, p: p.pop("epoch"), "is not that of batch"),
    "progress of another type": (lambda t, p: p.update(step="3"), "step: expected an integer, found '3'"),
    "negative progress": (lambda t, p: p.update(position=-1), "position is -1, expected 0 or more"),
    "progress elsewhere": (lambda t, p: p.update(step=10**6), "step 1000000 is not that of batch"),
    "best without the metric": (lambda t, p: p.update(best={"x": 1.0}), "best lacks the score"),
    "best that is no number": (lambda t, p: p.update(best={"accuracy": "x"}), "best.accuracy: expected a number"),
    "states of nothing": (lambda t, p: t.update({"encoder_state.7.0": torch.ones(1)}), "states that the encoder"),
}


def begun(trainer: Trainer) -> tuple[Tensors, dict[str, Any]]:
    """State of a training in its second epoch."""
    for _ in trainer.events():
        if trainer.progress.epoch == 1 and trainer.progress.position == 1:
            break
    tensors, progress = trainer.state()
    return {name: tensor.clone() for name, tensor in tensors.items()}, progress


@pytest.mark.parametrize("name", CHANGES)
def test_a_damaged_checkpoint_is_refused(make_trainer: Make, name: str) -> None:
    change, message = CHANGES[name]
    settings = {"training": {"ema_decay": 0.9}}
    tensors, progress = begun(make_trainer(**settings))
    change(tensors, progress)
    with pytest.raises(ValueError, match=message):
        make_trainer(**settings).restore(tensors, progress)


def test_scores_that_are_not_numbers_come_back(make_trainer: Make) -> None:
    tensors, progress = begun(make_trainer())
    progress["best"] = dict.fromkeys(progress["best"], float("nan"))
    trainer = make_trainer()
    trainer.restore(tensors, progress)
    assert trainer.progress.step == progress["step"]
