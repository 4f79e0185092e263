import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from seqnlp.decoders.linear import LinearTagger
from seqnlp.errors import Diverged
from seqnlp.events import Evaluated, Event, Started, Stepped
from seqnlp.model import SequenceModel
from seqnlp.optimizers import AdamW
from seqnlp.tasks.lm.dataset import StreamBatches, StreamDataset
from seqnlp.training import Metric, Trainer
from seqnlp.training.loop import steps_of

Make = Callable[..., Trainer]


def run(trainer: Trainer) -> list[Event]:
    return list(trainer.events())


def steps(trainer: Trainer) -> list[Stepped]:
    return [event for event in trainer.events() if isinstance(event, Stepped)]


def scripted(values: list[float]) -> Callable[[SequenceModel], dict[str, float]]:
    """A score that says what it is told to, whatever the model."""
    rest = iter(values)
    return lambda model: {"accuracy": next(rest)}


def copies(model: torch.nn.Module) -> list[torch.Tensor]:
    return [parameter.detach().clone() for parameter in model.parameters()]


@pytest.mark.parametrize(
    "encoder",
    ["rnn", {"kind": "rnn", "activation": "relu"}, "gru", "lstm", {"kind": "lstm", "bidirectional": False}],
    ids=str,
)
def test_trainer_learns_one_batch_by_heart(
    make_trainer: Make, given_batches: Any, encoder: dict[str, Any] | str
) -> None:
    trainer = make_trainer(
        given_batches([3, 6, 5, 4], [[0, 1, 2, 3]]),
        encoder=encoder,
        dropout=0.0,
        optimizer={"lr": 0.02, "schedule": "constant"},
        training={"epochs": 199},
        score=lambda model: {"accuracy": 0.5},
    )
    losses: list[float] = []
    for event in trainer.events():
        if isinstance(event, Stepped):
            losses.append(event.loss)
        if losses and losses[-1] < 0.05:
            break
    assert losses[0] > 0.8
    assert losses[-1] < 0.05
    trainer.model.eval()
    assert accuracy(trainer) == 1.0


def accuracy(trainer: Trainer) -> float:
    """How much of the training data the model gets right."""
    batch = trainer.train.batch(np.arange(4))
    states = trainer.model.encode(batch.inputs)
    labels = trainer.model.decoders["label"].predict(states).labels
    return float((labels == batch.targets["label"])[states.mask].float().mean())


def test_steps_of_many_epochs_are_counted_by_the_first_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    train = StreamDataset(np.arange(4_001), 4_001, 10, 20, random=True)  # an epoch has 17 to 23 windows
    exact = [math.ceil(len(train.plan(1, epoch)) / 2) for epoch in range(300)]
    assert len(set(exact)) > 2
    assert steps_of(train, 1, 60, 2) == sum(exact[:60])
    planned, plan = [], StreamDataset.plan

    def counted(self: StreamDataset, seed: int, epoch: int) -> StreamBatches:
        planned.append(epoch)
        return plan(self, seed, epoch)

    monkeypatch.setattr(StreamDataset, "plan", counted)
    assert steps_of(train, 1, 300, 2) == pytest.approx(sum(exact), rel=0.01)
    assert len(planned) == 100


def test_the_events_of_a_training(make_trainer: Make) -> None:
    trainer = make_trainer(training={"epochs": 2, "gradient_accumulation": 2})
    events = run(trainer)
    batches = [len(trainer.train.plan(1, epoch)) for epoch in range(2)]
    per_epoch = [math.ceil(number / 2) for number in batches]
    kinds = [Started, *[Stepped] * per_epoch[0], Evaluated, *[Stepped] * per_epoch[1], Evaluated]
    assert [type(event) for event in events] == kinds
    started = events[0]
    assert isinstance(started, Started)
    parameters = sum(parameter.numel() for parameter in trainer.model.parameters())
    assert (started.steps, started.epochs, started.parameters) == (sum(per_epoch), 2, parameters)
    assert (started.step, started.epoch, started.items_name) == (0, 0, "words")
    assert events[-1].step == sum(per_epoch)
    assert trainer.reason == "finished"

    stepped = [event for event in events if isinstance(event, Stepped)]
    assert [event.step for event in stepped] == list(range(1, sum(per_epoch) + 1))
    assert stepped[-1].items == 2 * trainer.train.items
    assert all(event.items_per_second > 0 for event in stepped)
    shares = [min(2 * number, batches[0]) / batches[0] for number in range(1, per_epoch[0] + 1)]
    assert [event.epoch for event in stepped[: per_epoch[0]]] == pytest.approx(shares)
    assert stepped[-1].epoch == 2
    assert [event.epoch for event in events if isinstance(event, Evaluated)] == [1, 2]
    seconds = [event.seconds for event in events]
    assert seconds == sorted(seconds)


def test_the_loss_is_the_mean_over_the_items_of_the_step(make_trainer: Make, given_batches: Any) -> None:
    examples = given_batches([3, 6, 1, 2], [[0, 1], [2, 3]])
    trainer = make_trainer(examples, dropout=0.0, training={"epochs": 1, "gradient_accumulation": 2})
    expected = trainer.model.eval().loss(examples.batch(np.arange(4)))[0].mean.item()
    trainer.model.train()
    assert steps(trainer)[0].loss < expected + 0.3  # words are dropped in training
    trainer = make_trainer(examples, dropout=0.0, training={"epochs": 1, "gradient_accumulation": 2})
    without_word_dropout(trainer)
    assert steps(trainer)[0].loss == pytest.approx(expected, rel=1e-5)


def without_word_dropout(trainer: Trainer) -> None:
    for model in trainer.replicas.models:
        model.get_submodule("embedding.parts.0").get_buffer("_dropped").zero_()


def test_the_rate_follows_the_schedule(make_trainer: Make) -> None:
    section = {"lr": 0.01, "schedule": "one_cycle", "warmup_ratio": 0.25}
    trainer = make_trainer(optimizer=section)
    rates = [event.lr for event in steps(trainer)]
    schedule = AdamW(lr=0.01, schedule="one_cycle", warmup_ratio=0.25)
    assert rates == pytest.approx([schedule.rate(step / trainer.steps) for step in range(trainer.steps)])


def test_a_plateau_halves_the_rate_after_each_epoch_that_is_no_better(make_trainer: Make, given_batches: Any) -> None:
    trainer = make_trainer(
        given_batches([2, 3], [[0, 1]]),
        optimizer={"lr": 0.01, "schedule": "plateau"},
        training={"epochs": 6},
        score=scripted([0.5, 0.4, 0.6, 0.6, 0.1, 0.7]),
    )
    rates = [event.lr / 0.01 for event in steps(trainer)]
    assert rates == pytest.approx([1, 1, 0.5, 0.5, 0.25, 0.125])


@pytest.mark.parametrize(
    ("metric", "values", "best"),
    [
        (Metric("accuracy"), [0.5, 0.7, 0.7, 0.6, 0.9], [True, True, False, False]),
        (Metric("accuracy", higher_is_better=False), [5.0, 3.0, 3.0, 4.0, 1.0], [True, True, False, False]),
    ],
)
def test_patience_ends_a_training(make_trainer: Make, metric: Metric, values: list[float], best: list[bool]) -> None:
    trainer = make_trainer(metric=metric, score=scripted(values), training={"epochs": 9, "patience": 2})
    evaluations = [event for event in trainer.events() if isinstance(event, Evaluated)]
    assert [event.best for event in evaluations] == best
    assert [event.scores["accuracy"] for event in evaluations] == values[:4]
    assert trainer.progress.best == {"accuracy": values[1]}
    assert trainer.reason == "no better accuracy on dev in 2 evaluations"


@pytest.mark.parametrize("threads", [1, 2])
def test_a_loss_that_is_no_number_stops_before_the_weights_move(
    make_trainer: Make, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    trainer = make_trainer(training={"threads": threads, "ema_decay": 0.9})
    events = trainer.events()
    while next(events).step < 3:
        pass
    before = copies(trainer.model)
    honest = LinearTagger.loss

    def poisoned(self: LinearTagger, states: Any, target: Any) -> Any:
        loss = honest(self, states, target)
        return type(loss)(loss.total * math.nan, loss.items)

    monkeypatch.setattr(LinearTagger, "loss", poisoned)
    with pytest.raises(Diverged, match=r"the loss is not finite at step 4 \(learning rate"):
        list(events)
    assert all(torch.equal(old, new) for old, new in zip(before, trainer.model.parameters(), strict=True))
    assert all(tensor.isfinite().all() for tensor in trainer.weights().values())
    assert trainer.progress.step == 3
    monkeypatch.undo()
    assert steps(trainer)[-1].step == trainer.steps  # no gradient is left behind


def test_a_gradient_that_is_no_number(make_trainer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = make_trainer()
    before = copies(trainer.model)
    honest = LinearTagger.loss

    def cliff(self: LinearTagger, states: Any, target: Any) -> Any:
        loss = honest(self, states, target)
        steep = (self.output.bias.sum() - self.output.bias.sum().detach()).abs().sqrt()  # finite, its slope is not
        return type(loss)(loss.total + steep, loss.items)

    monkeypatch.setattr(LinearTagger, "loss", cliff)
    with pytest.raises(Diverged, match="the gradient is not finite at step 1 "):
        run(trainer)
    assert all(torch.equal(old, new) for old, new in zip(before, trainer.model.parameters(), strict=True))


def test_a_rate_out_of_all_bounds_leaves_numbers(make_trainer: Make) -> None:
    trainer = make_trainer(
        encoder={"kind": "rnn", "activation": "relu", "layers": 2},
        optimizer={"kind": "sgd", "lr": 1e25, "schedule": "constant"},
        training={"max_grad_norm": 1e30, "epochs": 20},
    )
    with pytest.raises(Diverged):
        run(trainer)
    assert all(tensor.isfinite().all() for tensor in trainer.weights().values())


def test_gradients_longer_than_clip_are_shortened(make_trainer: Make) -> None:
    plain = {"kind": "sgd", "momentum": 0.0, "lr": 1.0, "schedule": "constant"}
    trainer = make_trainer(optimizer=plain, training={"max_grad_norm": 1e-3})
    before = copies(trainer.model)
    events = trainer.events()
    while not isinstance(next(events), Stepped):
        pass
    moved = [new - old for old, new in zip(before, trainer.model.parameters(), strict=True)]
    assert sum(each.double().square().sum().item() for each in moved) ** 0.5 == pytest.approx(1e-3, rel=1e-2)


@pytest.mark.parametrize("threads", [1, 2])
def test_accumulated_batches_equal_one_big_batch(make_trainer: Make, given_batches: Any, threads: int) -> None:
    lengths = [3, 6, 1, 2, 4, 5]
    finals = []
    for batches in ([[0, 1], [2], [3, 4, 5]], [[0, 1, 2, 3, 4, 5]]):
        trainer = make_trainer(
            given_batches(lengths, batches),
            dropout=0.0,
            training={"epochs": 4, "gradient_accumulation": 3, "threads": threads},
            double=True,
        )
        without_word_dropout(trainer)
        assert len(steps(trainer)) == 4
        finals.append(trainer.weights())
    for name, tensor in finals[0].items():
        torch.testing.assert_close(tensor, finals[1][name], rtol=1e-6, atol=1e-7)


def test_the_average_forgets_with_the_given_decay(make_trainer: Make) -> None:
    seen: list[list[torch.Tensor]] = []
    trainer = make_trainer(
        training={"ema_decay": 0.8, "epochs": 20},
        optimizer={"lr": 0.05},
        score=lambda model: seen.append(copies(model)) or {"accuracy": 0.5},  # type: ignore[func-returns-value]
    )
    average = [parameter.numpy().astype(np.float64) for parameter in copies(trainer.model)]
    for event in trainer.events():
        if isinstance(event, Stepped):
            memory = min(0.8, event.step / (event.step + 10))
            for mean, parameter in zip(average, trainer.model.parameters(), strict=True):
                mean *= memory
                mean += (1 - memory) * parameter.detach().numpy()
        if isinstance(event, Evaluated):
            for mean, scored in zip(average, seen[-1], strict=True):
                np.testing.assert_allclose(scored.numpy(), mean, rtol=1e-4, atol=1e-6)
    kept = trainer.weights()
    for (name, parameter), mean in zip(trainer.model.named_parameters(), average, strict=True):
        np.testing.assert_allclose(kept[name].numpy(), mean, rtol=1e-4, atol=1e-6)
        assert not torch.equal(kept[name], parameter)


def test_without_an_average_the_weights_are_the_last_ones(make_trainer: Make) -> None:
    trainer = make_trainer()
    run(trainer)
    for name, tensor in trainer.model.state_dict().items():
        assert torch.equal(trainer.weights()[name], tensor)


def test_dropout_is_off_while_scoring_and_on_again_after(make_trainer: Make) -> None:
    modes: list[bool] = []
    trainer = make_trainer(
        score=lambda model: modes.append(model.training) or {"accuracy": 0.5}  # type: ignore[func-returns-value]
    )
    run(trainer)
    assert modes == [False] * 2
    assert all(model.training for model in trainer.replicas.models)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_same_seed_gives_the_same_bits(make_trainer: Make, threads: int) -> None:
    trainers = [make_trainer(seed=seed, training={"threads": threads}) for seed in (5, 5, 6)]
    losses = [[event.loss for event in steps(trainer)] for trainer in trainers]
    assert losses[0] == losses[1] != losses[2]
    first, again, other = (trainer.weights() for trainer in trainers)
    assert all(torch.equal(tensor, again[name]) for name, tensor in first.items())
    assert not all(torch.equal(tensor, other[name]) for name, tensor in first.items())


def test_threads_share_the_work_without_changing_it(make_trainer: Make) -> None:
    finals = []
    for threads in (1, 2, 5):
        trainer = make_trainer(dropout=0.0, training={"threads": threads}, double=True)
        without_word_dropout(trainer)
        run(trainer)
        finals.append(trainer.weights())
    for final in finals[1:]:
        for name, tensor in final.items():
            torch.testing.assert_close(tensor, finals[0][name], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("threads", [1, 8])
def test_the_largest_seed(make_trainer: Make, threads: int) -> None:
    assert steps(make_trainer(seed=2**63 - 1, training={"threads": threads}))


def test_the_state_is_carried_from_batch_to_batch_of_an_epoch(make_trainer: Make, lanes: Any) -> None:
    """With weights that stand still, two halves with the state between them have the loss of the whole."""
    settings = {
        "dropout": 0.0,
        "encoder": {"kind": "lstm", "bidirectional": False, "layers": 2},
        "optimizer": {"kind": "sgd", "lr": 1e-30},
        "training": {"epochs": 2},
        "double": True,
    }
    examples = lanes([5, 5, 5, 5], [[0, 1], [2, 3]])
    trainer = make_trainer(examples, **settings)
    without_word_dropout(trainer)
    halves = [event.loss for event in steps(trainer)]
    whole = examples.batch(np.array([0, 1])), examples.batch(np.array([2, 3]))
    model = trainer.model.eval()
    first, carry = model.loss(whole[0])
    second, _ = model.loss(whole[1], carry)
    alone, _ = model.loss(whole[1])
    assert halves == pytest.approx([first.mean.item(), second.mean.item()] * 2, rel=1e-6)
    assert alone.mean.item() != pytest.approx(second.mean.item(), rel=1e-4)


def test_each_step_drops_other_features(make_trainer: Make, given_batches: Any) -> None:
    trainer = make_trainer(
        given_batches([3, 6], [[0, 1]]), optimizer={"kind": "sgd", "lr": 1e-30}, training={"epochs": 4}
    )
    assert len({event.loss for event in steps(trainer)}) == 4


def test_a_training_ends_with_its_time_and_the_rate_falls_over_it(
    make_trainer: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(1_000))  # a second from one look to the next: each step and each evaluation takes one
    monkeypatch.setattr("seqnlp.training.loop.time.perf_counter", lambda: float(next(clock)))
    settings = {"epochs": 50, "max_seconds": 6.0}
    trainer = make_trainer(training=settings, optimizer={"lr": 1.0, "schedule": "linear", "warmup_ratio": 0.0})
    events = run(trainer)
    assert isinstance(events[-1], Evaluated)
    assert events[-1].step == trainer.progress.step  # the last weights are scored, in the middle of an epoch or not
    assert [event.seconds for event in events if isinstance(event, Stepped)][-1] == 6
    assert trainer.reason == "training.max_seconds = 6 reached"
    rates = [event.lr for event in events if isinstance(event, Stepped)]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == pytest.approx(1 / 6)
    assert run(trainer)[1:] == []  # a resumed one has no time left
