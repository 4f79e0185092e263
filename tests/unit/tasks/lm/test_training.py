"""Training with a carried state: nothing depends on where it was interrupted."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import torch

from seqnlp.events import Evaluated
from seqnlp.tasks.lm.task import LmTask
from seqnlp.training import Trainer

Make = Callable[..., Trainer]

SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "gru, two threads": {"encoder": {"kind": "gru"}, "training": {"threads": 2}},
    "bf16": {"training": {"precision": "bf16"}},
    "awd": {
        "embedding": {"dropout": 0.2, "token_dropout": 0.1},
        "encoder": {"weight_drop": 0.4, "layers": 2, "dropout": 0.2},
        "decoder": {"tied": True},
        "training": {"variable_bptt": True, "ema_decay": 0.9, "gradient_accumulation": 2, "threads": 2},
    },
    "evaluations in between": {"training": {"evaluate_every": 3, "patience": 9}},
}


@pytest.mark.parametrize(
    "sections",
    [pytest.param(each, id=name, marks=pytest.mark.bf16 if name == "bf16" else ()) for name, each in SETTINGS.items()],
)
def test_resumed_anywhere_it_ends_with_the_same_bits(make: Make, sections: dict[str, Any]) -> None:
    whole = make(**sections)
    moments: list[tuple[dict[str, torch.Tensor], str]] = []
    for _ in whole.events():
        tensors, state = whole.state()
        moments.append(({name: tensor.clone() for name, tensor in tensors.items()}, json.dumps(state)))
    evaluations = whole.progress.best, whole.progress.evaluated
    expected = whole.weights()
    assert whole.progress.step == whole.steps
    for tensors, progress in moments[:: max(1, len(moments) // 6)]:
        resumed = make(seed=1, **sections)
        resumed.restore(tensors, json.loads(progress))
        for _ in resumed.events():
            pass
        ours = resumed.weights()
        assert all(torch.equal(ours[name], tensor) for name, tensor in expected.items())
        assert (resumed.progress.best, resumed.progress.evaluated) == evaluations


def test_the_state_is_carried_within_an_epoch_and_not_over_its_end(make: Make) -> None:
    trainer = make(training={"epochs": 2})
    seen = []
    for event in trainer.events():
        seen.append((isinstance(event, Evaluated), trainer.states[0] is not None))
    steps = len(trainer.train.plan(1, 0))
    assert [carried for evaluated, carried in seen[1:]] == [*[True] * steps, False] * 2


def test_a_window_goes_on_where_the_last_one_ended(task: Callable[..., LmTask], make: Make) -> None:
    trainer = make()
    model, examples = trainer.model.eval(), trainer.train
    first, second = (examples.batch(rows) for rows in trainer.train.plan(1, 0)[:2])
    _, carry = model.loss(first)
    carried, _ = model.loss(second, carry)
    fresh, _ = model.loss(second)
    both = torch.cat([first.inputs.index, second.inputs.index], 1)
    whole = model.encode(type(first.inputs)(both)).outputs[:, first.inputs.index.shape[1] :]
    torch.testing.assert_close(model.encode(second.inputs, carry).outputs, whole)
    assert carried.total.item() != pytest.approx(fresh.total.item())


def test_dev_is_scored_in_between(make: Make) -> None:
    trainer = make(training={"evaluate_every": 4, "epochs": 1})
    places = [(event.step, event.epoch) for event in trainer.events() if isinstance(event, Evaluated)]
    steps = trainer.steps
    assert places == [*((step, pytest.approx(step / steps)) for step in range(4, steps, 4)), (steps, 1.0)]


def test_tied_vectors_stay_tied(make: Make) -> None:
    trainer = make(decoder={"tied": True})
    for _ in trainer.events():
        pass
    models: list[Any] = [*trainer.replicas.models]
    for model in models:
        assert model.embedding.table.weight is model.decoders["next"].output.weight
    assert models[0].decoders["next"].projection.weight.shape == (6, 8)


def test_language_model_learns(make: Make) -> None:
    trainer = make(training={"epochs": 12}, optimizer={"lr": 0.02}, encoder={"size": 24})
    scores = [event.scores["nats"] for event in trainer.events() if isinstance(event, Evaluated)]
    assert scores[-1] < 1.6 < scores[0]
