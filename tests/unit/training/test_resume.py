"""A training that goes on from a saved state ends with the same bits as one that was never stopped."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from seqnlp.events import Evaluated, Event, Stepped
from seqnlp.training import Trainer
from seqnlp.training.replicas import Replicas

Make = Callable[..., Trainer]
State = tuple[dict[str, torch.Tensor], str]

SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "average": {"training": {"ema_decay": 0.9}},
    "accumulate": {"training": {"gradient_accumulation": 2}},
    "plateau": {"optimizer": {"schedule": "plateau", "lr": 0.1}, "training": {"epochs": 4}},
    "bf16": {"training": {"precision": "bf16"}},
    "one cycle": {"optimizer": {"schedule": "one_cycle", "warmup_ratio": 0.2}},
    "sgd": {"optimizer": {"kind": "sgd"}},
    "sgd without momentum": {"optimizer": {"kind": "sgd", "momentum": 0.0}},
    "patience": {"training": {"patience": 1, "epochs": 5}, "optimizer": {"lr": 0.5}},
    "two threads": {"training": {"threads": 2}},
    "all": {
        "training": {
            "epochs": 4,
            "ema_decay": 0.9,
            "gradient_accumulation": 2,
            "precision": "bf16",
            "threads": 2,
            "patience": 2,
        },
        "optimizer": {"schedule": "plateau", "weight_decay": 0.1},
        "encoder": {"kind": "lstm", "layers": 2, "residual": True},
    },
}


def saved(trainer: Trainer) -> State:
    """What would be on disk now."""
    tensors, progress = trainer.state()
    return {name: tensor.clone() for name, tensor in tensors.items()}, json.dumps(progress)


def outline(events: list[Event]) -> Iterator[tuple[Any, ...]]:
    """Events without times."""
    for event in events:
        if isinstance(event, Stepped):
            yield event.step, event.epoch, event.loss, event.lr, event.items
        if isinstance(event, Evaluated):
            yield event.step, event.epoch, event.scores, event.best


def assert_same_bits(ours: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> None:
    assert list(ours) == list(expected)
    for name, tensor in ours.items():
        assert torch.equal(tensor, expected[name]), name


EVERY = pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.slow), 3])


def check_moments(make: Callable[[int], Trainer], every: int) -> Trainer:
    """Resume at the last event and at each third one before it, or at all; return the trainer never stopped."""
    whole = make(1)
    events: list[Event] = []
    moments: list[tuple[int, State]] = []
    for event in whole.events():
        events.append(event)
        moments.append((len(events), saved(whole)))
    assert len(moments) > 6
    for number, (tensors, progress) in moments[::-every]:
        resumed = make(2)  # other first weights: all must come from the state
        resumed.restore(tensors, json.loads(progress))
        rest = list(resumed.events())
        assert list(outline(rest)) == list(outline(events[number:]))
        assert resumed.reason == whole.reason
        assert_same_bits(resumed.weights(), whole.weights())
        assert_same_bits(resumed.state()[0], whole.state()[0])
    return whole


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.bf16 if "bf16" in str(SETTINGS[name]) else ()) for name in SETTINGS]
)
@EVERY
def test_stopped_at_any_moment(make_trainer: Make, name: str, every: int) -> None:
    whole = check_moments(lambda initial: make_trainer(**SETTINGS[name], initial=initial), every)
    assert (whole.progress.decay < 1) is (name in ("plateau", "all"))
    assert (whole.reason != "finished") is (name in ("patience", "all"))


@pytest.mark.parametrize("threads", [1, 2])
@EVERY
def test_carried_states_go_on_too(make_trainer: Make, lanes: Any, threads: int, every: int) -> None:
    """Many layers, so that there are more than ten tensors to carry."""
    check_moments(
        lambda initial: make_trainer(
            lanes([4] * 8, [[0, 1], [2, 3], [4, 5], [6, 7]]),
            encoder={"kind": "lstm", "bidirectional": False, "layers": 6},
            training={"threads": threads, "epochs": 2},
            initial=initial,
        ),
        every,
    )


def test_the_state_is_not_shared_with_the_trainer_that_takes_it(make_trainer: Make) -> None:
    trainer = make_trainer(training={"ema_decay": 0.9})
    list(trainer.events())
    tensors, progress = saved(trainer)
    resumed = make_trainer(training={"ema_decay": 0.9, "epochs": 4})
    resumed.restore(tensors, json.loads(progress))
    before = {name: tensor.clone() for name, tensor in tensors.items()}
    list(resumed.events())
    for name in tensors:
        if not name.startswith("optimizer."):
            assert torch.equal(tensors[name], before[name]), name


def test_replicas_are_given_what_is_loaded_into_buffers(make_trainer: Make) -> None:
    trainer = make_trainer(training={"threads": 2})
    model = trainer.model
    model.embedding.register_buffer("prior", torch.zeros(2))
    replicas = Replicas(model, trainer.train, 2, "fp32")
    model.load_state_dict(model.state_dict() | {"embedding.prior": torch.ones(2)})
    assert [each.embedding.get_buffer("prior").tolist() for each in replicas.models] == [[1, 1], [1, 1]]


@pytest.mark.parametrize(("before", "after"), [(1, 2), (2, 1), (3, 2), (2, 5)])
def test_another_number_of_threads_goes_on_from_the_same_states(
    make_trainer: Make, lanes: Any, before: int, after: int
) -> None:
    def make(threads: int) -> Trainer:
        return make_trainer(
            lanes([4] * 15, [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11, 12, 13, 14]]),
            encoder={"kind": "lstm", "bidirectional": False, "layers": 2},
            training={"threads": threads, "epochs": 1},
            dropout=0.0,
        )

    def carried(trainer: Trainer) -> dict[int, list[Any]]:
        rows = trainer.train.plan(trainer.seed, 0)[trainer.progress.position - 1]
        shares = trainer.train.shares(rows, len(trainer.states))
        return {
            int(row): [part[place].tolist() for part in state or []]
            for share, state in zip(shares, trainer.states, strict=True)
            for place, row in enumerate(share)
        }

    whole, resumed = make(before), make(after)
    for number, _ in enumerate(whole.events(), start=1):
        if number == 3:  # two steps, and their states
            tensors, progress = saved(whole)
            expected = carried(whole)
    resumed.restore(tensors, json.loads(progress), micro_batches=before)
    assert len(expected) == 5
    assert all(map(len, expected.values()))
    assert carried(resumed) == expected
    assert sum(isinstance(event, Stepped) for event in resumed.events()) == 1
