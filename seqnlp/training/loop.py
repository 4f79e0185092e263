"""Training loop and its settings: a generator of events, which neither prints nor writes."""

import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, cast, final

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import AfterValidator, Field
from torch import Tensor

from seqnlp.devices import check_device_name
from seqnlp.errors import Diverged
from seqnlp.events import Evaluated, Event, Example, Started, Stepped
from seqnlp.json_types import mismatch
from seqnlp.model import SequenceModel
from seqnlp.nn.allocator import return_free_memory
from seqnlp.nn.device import CPU, to_device
from seqnlp.nn.encoder import state_shapes
from seqnlp.nn.private import lerp_all
from seqnlp.optimizers import Optimizer
from seqnlp.processes import peak_memory
from seqnlp.spec import Spec
from seqnlp.training.checkpoint import check_optimizer, check_progress, check_shapes
from seqnlp.training.dataset import EncodedDataset
from seqnlp.training.distributed import Order, PeerLost, ProcessGroup, sharing_inference
from seqnlp.training.gradient_norm import clip_gradient
from seqnlp.training.layer_groups import LayerGroup, divide, freeze
from seqnlp.training.own_rates import OWN, separate
from seqnlp.training.precision import Requested, computing_in, resolve, set_up
from seqnlp.training.replicas import Replicas, replicas_of

SCALER = ("scale", "_growth_tracker")
"""Entries of the state of a gradient scaler that change."""
PLANNED_EPOCHS = 100
"""Epochs whose steps are counted one by one: with thousands, as time limits have, that would take minutes."""
FEWEST_STEPS = 50
"""Steps left of a training whose time is worth an estimate."""
TIMED_STEPS, TIMED_SECONDS = 3, 2.0
"""Batches that are timed, and the time after which no other is."""
FORWARD_SHARE = 1 / 3
"""Time of a forward pass as a share of a forward and a backward pass."""
COPIED_WEIGHTS = 2_000_000
"""Weights on copies of which the optimizer is timed."""

LEAST_SCALE = 2.0**-10
"""Scale of losses in float16 below which no step of the optimizer is to be expected any more."""

Score = Callable[[SequenceModel], dict[str, float]]
Preview = Callable[[SequenceModel], list[Example]]


Epochs = Annotated[int, Field(ge=1, le=100_000)]


class Training(Spec):
    """Length, batches and safeguards of a training."""

    renamed = {"accumulate": "gradient_accumulation", "average": "ema_decay", "clip": "max_grad_norm"}
    adjustable = ("epochs", "patience", "evaluate_every", "device", "threads", "micro_batches", "save_every")

    epochs: Epochs = 12
    """Passes over the training data, at most."""
    batch_tokens: Annotated[int, Field(ge=1)] = 1000
    """Steps in a batch, padding included."""
    gradient_accumulation: Annotated[int, Field(ge=1)] = 1
    """Batches whose gradients are summed before each step of the optimizer."""
    max_grad_norm: Annotated[float, Field(gt=0)] = 5.0
    """Clip the norm of the gradient to this."""
    patience: Annotated[int, Field(ge=1)] | None = None
    """Stop after this many evaluations without a better dev score; left out: never."""
    max_seconds: Annotated[float, Field(gt=0)] | None = None
    """Stop after this many seconds of steps and evaluations, with a last evaluation; the learning rate falls over that
    time if it ends before the epochs. Two such trainings are not the same; left out: no limit."""
    evaluate_every: Annotated[int, Field(ge=1)] | None = None
    """Evaluate on dev after this many steps, too; left out: only after each epoch."""
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Decay of an exponential moving average of the weights, say 0.998, which is then the model; 0: none."""
    device: Annotated[str, AfterValidator(check_device_name)] = "auto"
    """Device: `cpu`, `cuda`, `cuda:1`, `mps`, or `auto`, a CUDA GPU if there is one, else the CPU. The run opens on
    any."""
    precision: Requested = "auto"
    """Number format of the large products; `auto` takes bf16 where the device has instructions for it, but for language
    models on processors with AMX, which lost score in it; fp16 is for accelerators."""
    threads: Annotated[int, Field(ge=0, le=1024)] = 0
    """Processor threads of a process, each with its share of every batch on a CPU; 0: one per core, or as many as a
    resumed training had."""
    micro_batches: Annotated[int, Field(ge=0, le=65_536)] = 0
    """Parts of every batch, each with its own random numbers: equal numbers give equal weights, but for rounding, with
    any number of threads and processes. 0: one per thread of each process, or as many as a resumed training had."""
    save_every: Annotated[float, Field(gt=0)] = 60.0
    """Seconds between checkpoints; one is also saved after each epoch."""


@dataclass
class Progress:
    """State of a training; with the weights and the optimizer's state all that it takes to resume."""

    epoch: int = 0
    position: int = 0
    """Number of batches of this epoch that are done."""
    step: int = 0
    items: int = 0
    seconds: float = 0.0
    """Wall time of all steps and evaluations."""
    stepping: float = 0.0
    """Wall time of the steps alone."""
    best: dict[str, float] = field(default_factory=dict)
    """Dev scores of the best weights so far."""
    waited: int = 0
    """Number of evaluations since then."""
    evaluated: int = 0
    """Step of the last evaluation."""
    decay: float = 1.0
    """Factor on the learning rate under the plateau schedule."""


def steps_of(train: EncodedDataset, seed: int, epochs: int, gradient_accumulation: int) -> int:
    """Count the optimizer steps of a training.

    Beyond `PLANNED_EPOCHS` it is an estimate: as many an epoch as before.
    """
    planned = min(epochs, PLANNED_EPOCHS)
    steps = sum(math.ceil(len(train.plan(seed, epoch)) / gradient_accumulation) for epoch in range(planned))
    return round(steps * epochs / planned)


@dataclass(frozen=True)
class Metric:
    """Dev score that decides which weights are kept."""

    name: str
    higher_is_better: bool = True

    def better(self, new: dict[str, float], old: dict[str, float]) -> bool:
        """Compare new scores with old ones, if any."""
        if not old or math.isnan(old[self.name]):
            return True
        a, b = new[self.name], old[self.name]
        return a > b if self.higher_is_better else a < b


@dataclass(frozen=True)
class Estimate:
    """Estimated cost of a training."""

    seconds: float
    memory: int | None
    """Peak of the process, in bytes; None where the system does not tell it."""


@final
class Trainer:
    """Trainer of a model. Between two events it is at rest, and `state()` is a checkpoint."""

    def __init__(
        self,
        model: SequenceModel,
        train: EncodedDataset,
        score: Score,
        metric: Metric,
        optimizer: Optimizer,
        training: Training,
        seed: int,
        items_name: str,
        preview: Preview = lambda model: [],
        groups: Sequence[LayerGroup] = (),
        processes: ProcessGroup | None = None,
    ) -> None:
        """Store the parts and build the optimizer.

        Args:
            model: Freshly initialised, or about to be restored.
            train: The encoded training split.
            score: Scores a model on dev.
            metric: The score that decides.
            optimizer: The recipe's `[optimizer]`.
            training: The recipe's `[training]`.
            seed: Seed of the recipe.
            items_name: Name of the items: words, characters, ...
            preview: Predictions of a model for a few examples of dev.
            groups: Layer groups of all trainable parameters; none: all learn alike.
            processes: The processes that train together; None: this one alone.
        """
        self.model, self.train, self.score, self.metric, self.preview = model, train, score, metric, preview
        self.settings, self.schedule, self.seed, self.items_name = training, optimizer, seed, items_name
        self.precision = resolve(training.precision, model.device, train.carries_state)
        set_up(self.precision, model.device)
        self.parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.groups = groups
        if groups:
            self.parameters = [parameter for group in groups for parameter in group.parameters]
        self.optimizer = optimizer.build(self.parameters)
        if groups:
            divide(self.optimizer, groups)
        separate(self.optimizer, optimizer, model)
        self.parameters = [parameter for group in self.optimizer.param_groups for parameter in group["params"]]
        self.average = [p.detach().clone() for p in self.parameters] if training.ema_decay else []
        self.scaler = torch.amp.GradScaler(model.device.type) if self.precision == "fp16" else None
        number = replicas_of(model.device.type, training.threads)
        self.processes, self._stopped, self._at_work = processes or ProcessGroup(), False, False
        self.replicas = Replicas(
            model, train, number, self.precision, self.scaler, training.micro_batches, self.processes
        )
        self.states: list[list[Tensor] | None] = [None] * self.replicas.micro_batches
        """State of the encoder after the last batch, of each micro-batch of all processes."""
        self.speed: deque[tuple[int, float]] = deque(maxlen=50)
        self.progress = Progress()
        self.steps = steps_of(train, seed, training.epochs, training.gradient_accumulation)

    def events(self, estimate: Estimate | None = None) -> Iterator[Event]:
        """Train from the state in `progress`; the first event tells the estimate.

        Raises:
            seqnlp.errors.Diverged: when the loss or the gradient is not finite; the weights are then those
                from before that step.
        """
        now, settings = self.progress, self.settings
        parameters = sum(p.numel() for p in self.parameters)
        expected = (None, None) if estimate is None else (estimate.seconds, estimate.memory)
        yield Started(*self._moment(), self.steps, settings.epochs, parameters, self.items_name, *expected)
        while now.epoch < settings.epochs and not self._is_over:
            batches = self._begin_epoch()
            while now.position < len(batches) and not self._is_over:
                if settings.evaluate_every and now.step - now.evaluated >= settings.evaluate_every:
                    yield self._evaluate(now.position / len(batches))
                portion = batches[now.position : now.position + settings.gradient_accumulation]
                yield self._step(portion, len(portion) / len(batches))
            if now.position >= len(batches):
                self._end_epoch()
                yield self._evaluate()
            elif self._out_of_time and now.evaluated < now.step:
                yield self._evaluate(now.position / len(batches))

    def follow(self) -> None:
        """Train by the orders of the first process, to the end.

        Raises:
            seqnlp.errors.Diverged: in all processes at once.
            seqnlp.training.distributed.PeerLost: another process has ended.
        """
        now, epoch = self.progress, -1
        batches: Sequence[NDArray[np.int64]] = []
        while True:
            order, seconds = self.processes.obey()
            now.seconds = seconds
            match order:
                case Order.STEP:
                    if epoch != now.epoch:
                        batches, epoch = self._begin_epoch(), now.epoch
                    portion = batches[now.position : now.position + self.settings.gradient_accumulation]
                    self._step(portion, len(portion) / len(batches))
                    if now.position >= len(batches):
                        self._end_epoch()
                case Order.EVALUATE:
                    self._evaluate()
                case Order.STOP:
                    return

    def stop_followers(self) -> None:
        """End the work of the other processes, once.

        Within a step or an evaluation they wait for something else than an order, and end with this process.
        """
        if not self._stopped and not self._at_work:
            self._stopped = True
            self._order(Order.STOP)

    @contextmanager
    def leading(self) -> Iterator[None]:
        """Stop the followers after a block, however it ends."""
        try:
            yield
        finally:
            with suppress(PeerLost):
                self.stop_followers()

    def _order(self, order: Order) -> None:
        if self.processes.leads:
            self.processes.order(order, self.progress.seconds)
        self._at_work = True

    def _begin_epoch(self) -> Sequence[NDArray[np.int64]]:
        """Plan the present epoch, which may have begun before."""
        self._freeze()
        batches = self.train.plan(self.seed, self.progress.epoch)
        self.replicas.follow(batches[self.progress.position :])
        return batches

    def _end_epoch(self) -> None:
        self.progress.epoch, self.progress.position = self.progress.epoch + 1, 0
        self.states = [None] * len(self.states)

    def _freeze(self) -> None:
        """Freeze the layer groups that are not trained in the present epoch."""
        if self.groups:
            freeze(self.replicas.models, self.groups, self.progress.epoch)

    @property
    def _is_over(self) -> bool:
        return self._out_of_patience or self._out_of_time

    @property
    def _out_of_time(self) -> bool:
        limit = self.settings.max_seconds
        return limit is not None and self.progress.seconds >= limit

    def estimate(self, dev_items: int) -> Estimate | None:
        """Estimate time and memory of what is left; None if only a few steps are.

        The gradients of a few batches are computed and thrown away, and steps of a copy of the optimizer are taken on
        copies of some weights: neither weights nor states nor any random number of the training change. Evaluations
        are taken for forward passes, a third of a step each.

        Args:
            dev_items: Items of dev, which are evaluated after each epoch.
        """
        now = self.progress
        left = self.steps - now.step
        if left < FEWEST_STEPS:
            return None
        self._freeze()
        batches = self.train.plan(self.seed, min(now.epoch, self.settings.epochs - 1))
        states: list[list[Tensor] | None] = [None] * len(self.replicas.own)
        took: list[float] = []
        items = 0
        for number in range(min(TIMED_STEPS + 1, len(batches))):  # in random order; the first only warms up
            start = time.perf_counter()
            _, found, _ = self.replicas.gradients([batches[number]], states, 0)
            took.append(time.perf_counter() - start)
            items += found
            if sum(took) > TIMED_SECONDS:
                break
        self.optimizer.zero_grad()
        timed = took[1:] or took
        used = peak_memory() if self.model.device == CPU else None  # what a model takes of a GPU is not told
        optimizing, moments = self._optimizer_costs()
        an_item = sum(took) / max(items, 1)
        step = self.settings.gradient_accumulation * sum(timed) / len(timed) + optimizing
        epochs = self.settings.epochs - now.epoch
        every = self.settings.evaluate_every
        evaluations = epochs + (0 if every is None else left // every)
        seconds = left * step + evaluations * dev_items * an_item * FORWARD_SHARE
        if self.settings.max_seconds is not None:
            seconds = min(seconds, max(self.settings.max_seconds - now.seconds, 0.0))
        weights = sum(each.numel() * each.element_size() for each in self.parameters)
        return Estimate(seconds, None if used is None else used + moments + weights)

    def _optimizer_costs(self) -> tuple[float, int]:
        """Seconds of an optimizer step, and bytes of its state.

        Steps are taken on copies of some parameters.
        """
        copies: list[torch.nn.Parameter] = []
        for parameter in self.parameters:
            copies.append(torch.nn.Parameter(parameter.detach().clone()))
            copies[-1].grad = torch.zeros_like(copies[-1])
            if sum(each.numel() for each in copies) > COPIED_WEIGHTS:
                break
        share = sum(each.numel() for each in copies) / sum(each.numel() for each in self.parameters)
        optimizer = self.schedule.build(copies)
        optimizer.step()
        start = time.perf_counter()
        clip_gradient(copies, self.settings.max_grad_norm)
        optimizer.step()
        took = time.perf_counter() - start
        state = [part for each in optimizer.state.values() for part in each.values() if isinstance(part, Tensor)]
        return took / share, int(sum(part.numel() * part.element_size() for part in state) / share)

    @property
    def _out_of_patience(self) -> bool:
        patience = self.settings.patience
        return patience is not None and self.progress.waited >= patience

    @property
    def reason(self) -> str:
        """Reason for the end of the training."""
        if self.progress.epoch < self.settings.epochs and self._out_of_patience:
            return f"no better {self.metric.name} on dev in {self.progress.waited} evaluations"
        if self.progress.epoch < self.settings.epochs and self._out_of_time:
            return f"training.max_seconds = {self.settings.max_seconds:g} reached"
        return "finished"

    @property
    def _share(self) -> float:
        """Share of the training that is done: of its steps, or of its time if that ends before."""
        limit = self.settings.max_seconds
        return min(max(self.progress.step / self.steps, self.progress.seconds / limit if limit else 0.0), 1.0)

    def _moment(self, share: float = 0.0) -> tuple[int, float, float]:
        return self.progress.step, self.progress.epoch + share, self.progress.seconds

    def _step(self, batches: Sequence[NDArray[np.int64]], share: float) -> Stepped:
        self._order(Order.STEP)
        now, start = self.progress, time.perf_counter()
        rate = self.schedule.rate(self._share) * now.decay
        for group in self.optimizer.param_groups:
            group["lr"] = group[OWN].rate(self._share) * now.decay * group.get("lr_scale", 1.0)
        seed = (self.seed * 1_000_003 + now.step) % 2**48  # dropout is a function of seed and step alone
        begun = [to_device(self.states[number], self.model.device) for number in self.replicas.own]
        nats, items, states = self.replicas.summed_gradients(batches, begun, seed)
        if self.scaler is not None:
            self.scaler.unscale_(self.optimizer)
        norm = clip_gradient(self.parameters, self.settings.max_grad_norm)
        # a scale that is too large makes no finite gradient: the step is left out, and the scale halved
        rescaled = self.scaler is not None and self.scaler.get_scale() >= LEAST_SCALE
        if not (math.isfinite(nats) and (math.isfinite(norm) or rescaled)):
            self.optimizer.zero_grad()
            quantity = "loss" if not math.isfinite(nats) else "gradient"
            raise Diverged(
                f"the {quantity} is not finite at step {now.step + 1} (learning rate {rate:.2g}); "
                "try a smaller optimizer.lr or training.max_grad_norm"
            )
        if self.scaler is None:
            self.optimizer.step()
        else:
            self.scaler.step(self.optimizer)
            self.scaler.update()
        self.optimizer.zero_grad()
        now.step, now.position, now.items = now.step + 1, now.position + len(batches), now.items + items
        if self.train.carries_state:  # of all, so that a checkpoint can be saved even where another process has died
            self.states = states
        if self.average:
            memory = min(self.settings.ema_decay, now.step / (now.step + 10))  # forget the random start soon
            lerp_all(self.average, [p.detach() for p in self.parameters], 1 - memory)
        self._at_work = False
        took = time.perf_counter() - start
        now.seconds, now.stepping = now.seconds + took, now.stepping + took
        self.speed.append((items, took))
        speed = sum(items for items, _ in self.speed) / sum(took for _, took in self.speed)
        return Stepped(*self._moment(now.position * share / len(batches)), nats / items, rate, now.items, speed)

    def _evaluate(self, share: float = 0.0) -> Evaluated:
        self._order(Order.EVALUATE)
        now, start = self.progress, time.perf_counter()
        return_free_memory()  # of the steps, and below that of the scores: both at once would be the peak
        self.model.eval()
        with self.averaged(), torch.inference_mode():
            with computing_in(self.precision, self.model.device), sharing_inference(self.processes):
                scores = self.score(self.model)
            with computing_in("fp32", self.model.device):  # as predictors compute
                examples = self.preview(self.model) if self.processes.leads else []
        self.model.train()
        return_free_memory()
        best = self.metric.better(scores, now.best)
        now.waited = 0 if best else now.waited + 1
        if best:
            now.best = scores
        elif self.schedule.schedule == "plateau":
            now.decay *= 0.5
        now.evaluated, self._at_work = now.step, False
        now.seconds += time.perf_counter() - start
        return Evaluated(*self._moment(share), scores, self.metric.name, best, examples)

    def scored(self, score: Score) -> dict[str, float]:
        """Score the model as it is, in evaluation mode."""
        training = self.model.training
        self.model.eval()
        with torch.inference_mode(), computing_in(self.precision, self.model.device):
            found = score(self.model)
        self.model.train(training)
        return found

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Swap in the averaged weights inside the block, if there are any."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def _swap(self) -> None:
        for parameter, average in zip(self.parameters, self.average, strict=False):
            parameter.data, average.data = average.data, parameter.data

    def release(self) -> None:
        """Free what only further steps would need: gradients, averages and the optimizer's memory."""
        self.model.zero_grad()
        self.optimizer.state.clear()
        self.average.clear()

    def close(self) -> None:
        """End the threads of the replicas."""
        self.replicas.close()

    def fit(self) -> SequenceModel:
        """Train to the end; returns the model with the weights of the best evaluation."""
        best = self.weights()
        for event in self.events():
            if isinstance(event, Evaluated) and event.best:
                best = self.weights()
        self.close()
        self.model.load_state_dict(best)
        return self.model.eval()

    def weights(self) -> dict[str, Tensor]:
        """Weights for prediction: the averaged ones, or else the plain ones."""
        with self.averaged():
            return {name: tensor.detach().clone() for name, tensor in self.model.state_dict().items()}

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Checkpoint of tensors and JSON, for `restore`."""
        tensors = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        tensors |= {f"average.{number}": tensor for number, tensor in enumerate(self.average)}
        for part, state in enumerate(self.states):
            tensors |= {f"encoder_state.{part}.{number}": tensor for number, tensor in enumerate(state or [])}
        for number, memory in self.optimizer.state_dict()["state"].items():
            known = {name: value for name, value in memory.items() if value is not None}
            tensors |= {f"optimizer.{number}.{name}": value for name, value in known.items()}
        if self.scaler is not None:
            saved = self.scaler.state_dict()
            tensors |= {f"scaler.{name}": torch.tensor(float(saved[name])) for name in SCALER}
        return tensors, asdict(self.progress)

    def restore(self, tensors: dict[str, Tensor], progress: dict[str, Any], micro_batches: int | None = None) -> None:
        """Load a checkpoint.

        Args:
            tensors: Tensors of `state`.
            progress: JSON of `state`.
            micro_batches: Number of micro-batches that it was saved with, if another.

        Raises:
            ValueError: it is not one of this training.
        """
        parts = ("model", "average", "encoder_state", "optimizer", *(() if self.scaler is None else ("scaler",)))
        groups: dict[str, dict[str, Tensor]] = {part: {} for part in parts}
        for name, tensor in tensors.items():
            group, _, rest = name.partition(".")
            if group not in groups:
                raise ValueError(f"there is a tensor {name!r:.60}, which is no part of a checkpoint")
            groups[group][rest] = tensor
        self._restore_progress(progress)
        check_shapes(groups["model"], self.model.state_dict())
        self.model.load_state_dict(groups["model"])
        check_shapes(groups["average"], {str(number): tensor for number, tensor in enumerate(self.average)})
        for number, tensor in groups["average"].items():
            self.average[int(number)].copy_(tensor)
        self._restore_states(groups["encoder_state"], micro_batches or self.replicas.micro_batches)
        memory: dict[int, dict[str, Tensor]] = {}
        for name, tensor in groups["optimizer"].items():
            number, key = name.split(".")
            memory.setdefault(int(number), {})[key] = tensor
        check_optimizer(memory, self.schedule, self.parameters)
        state = self.optimizer.state_dict()
        self.optimizer.load_state_dict({**state, "state": memory})
        if self.scaler is not None:
            check_shapes(groups["scaler"], dict.fromkeys(SCALER, torch.zeros(())))
            values = {name: groups["scaler"][name].item() for name in SCALER}
            if not (math.isfinite(values["scale"]) and values["scale"] > 0):
                raise ValueError(f"scaler.scale is {values['scale']:g}, expected more than 0")
            known = self.scaler.state_dict()
            self.scaler.load_state_dict({**known, **{name: type(known[name])(values[name]) for name in SCALER}})

    def _restore_progress(self, progress: dict[str, Any]) -> None:
        if problem := mismatch({**progress, "best": {}}, Progress):  # scores may be NaN
            raise ValueError(problem)
        check_progress(progress, self.metric.name)
        now = Progress(**progress)
        sizes = (len(self.train.plan(self.seed, epoch)) for epoch in range(now.epoch))
        accumulated = self.settings.gradient_accumulation
        steps = sum(math.ceil(size / accumulated) for size in sizes) + math.ceil(now.position / accumulated)
        if now.epoch > self.settings.epochs or now.step != steps:
            raise ValueError(f"step {now.step} is not that of batch {now.position} in epoch {now.epoch}")
        self.progress = now

    def _restore_states(self, saved: dict[str, Tensor], micro_batches: int) -> None:
        """Load the states that are carried, of so many micro-batches."""
        now, carried = self.progress, self.train.carries_state and self.progress.position > 0
        shapes = state_shapes(self.model.encoder, cast(int, self.model.embedding.width)) if carried else []
        before: Sequence[NDArray[np.int64]] = []
        rows = np.empty(0, np.int64)
        if carried:
            rows = self.train.plan(self.seed, now.epoch)[now.position - 1]
            before = self.train.shares(rows, micro_batches)
        expected = {
            f"{number}.{part}": torch.Size((len(share), *shape))
            for number, share in enumerate(before)
            for part, shape in enumerate(shapes)
            if len(share)
        }
        if {name: tensor.shape for name, tensor in saved.items()} != expected:
            raise ValueError("the states that the encoder carries are not those of its last batch")
        self.states = [None] * len(self.states)
        if not carried:
            return
        order = {row.tobytes(): place for place, row in enumerate(np.concatenate(before))}  # a row may be a window
        whole = [
            torch.cat([saved[f"{number}.{part}"] for number, share in enumerate(before) if len(share)])
            for part in range(len(shapes))
        ]
        for number, share in enumerate(self.train.shares(rows, len(self.states))):
            places = torch.tensor([order[row.tobytes()] for row in share], dtype=torch.long)
            loaded = [part[places] for part in whole] if len(share) else []
            self.states[number] = to_device(loaded, self.model.device) or None
