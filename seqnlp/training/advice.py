"""Advice about settings that can't work well: before a training, and while it goes on."""

from collections import deque
from collections.abc import Iterator
from math import ceil, floor, log10
from typing import final

import numpy as np

from seqnlp.events import Evaluated, Event, Started, Stepped
from seqnlp.optimizers import Optimizer
from seqnlp.training.dataset import BucketedDataset, EncodedDataset
from seqnlp.training.loop import Training

FEW_STEPS = 5
"""Steps of an epoch under which it is short of updates, ..."""
ENOUGH_STEPS = 300
"""... unless the training has this many in all."""
USUAL_STEPS = 20
"""Steps of an epoch that are proposed."""
FEW_ROWS = 20
"""Rows of a dev split under which its score says little, ..."""
FEW_TOKENS = 1000
"""... and tokens, where it is one long text."""
LONGEST_WARMUP = 0.5
"""Share of the training."""
FLAT = 0.02
"""Share of its first value that a loss which learns falls by, at least, ..."""
FLAT_EPOCHS = 3
"""... in this many epochs."""
HIGH_RATE = 0.01
"""Learning rate from which on a flat loss is more likely due to too large steps than to too small ones."""
LAST_STEPS = 20
"""Steps whose mean loss stands for that of the present weights."""
MAX_RATIO, MAX_DIFFERENCE = 1.4, 0.5
"""Dev's nats beside the loss on new text of train: a language model that is above both fails on dev."""


def settings_advice(
    training: Training, optimizer: Optimizer, train: EncodedDataset, seed: int, steps: int
) -> Iterator[str]:
    """Find settings that don't fit the corpus, each with a better value.

    Args:
        training: The recipe's `[training]`.
        optimizer: The recipe's `[optimizer]`.
        train: The encoded training split.
        seed: Seed of the recipe.
        steps: Optimizer steps of the whole training.
    """
    yield from _batches(training, train, len(train.plan(seed, 0)), steps)
    if isinstance(train, BucketedDataset) and len(train.lengths):
        usual = int(np.median(train.lengths))
        if usual > training.batch_tokens:
            found = f"training.batch_tokens = {training.batch_tokens} is less than most sequences of train have"
            better = f"try training.batch_tokens = {_rounded(usual * 10)}"
            yield f"{found}, about {usual:,}: each is a batch of its own; {better}"
    if optimizer.warmup_ratio > LONGEST_WARMUP:
        found = f"optimizer.warmup_ratio = {optimizer.warmup_ratio:g}: the learning rate still rises when"
        yield f"{found} {optimizer.warmup_ratio:.0%} of the training are over; try optimizer.warmup_ratio = 0.1"
    every = training.evaluate_every
    if every is not None and every >= steps:
        found = f"training.evaluate_every = {every:,} has no effect on a training of {steps:,} steps"
        yield f"{found}: only epochs are evaluated; try training.evaluate_every = {max(steps // 5, 1)}"
    evaluations = training.epochs + (0 if every is None else (steps - 1) // every)
    if training.epochs > 1 and training.patience is not None and training.patience >= evaluations:
        found = f"training.patience = {training.patience} never ends a training of {evaluations} evaluations early"
        yield f"{found}; try training.patience = {max(evaluations // 3, 1)}"


def _batches(training: Training, train: EncodedDataset, batches: int, steps: int) -> Iterator[str]:
    """Advise about epochs of few steps: smaller batches, or where there is too little data for that, more epochs."""
    together = training.gradient_accumulation
    an_epoch = ceil(batches / together)
    if not 0 < an_epoch < FEW_STEPS or steps >= ENOUGH_STEPS:
        return
    if batches > 1:
        found = f"an epoch has {an_epoch} step{'' if an_epoch == 1 else 's'}, and the training {steps:,}"
    else:
        found = f"a batch holds all of train, so that the training has {steps:,} step{'' if steps == 1 else 's'}"
    if together > 1 and batches >= FEW_STEPS:
        better = max(batches // USUAL_STEPS, 1)
        yield f"{found}: training.gradient_accumulation = {together}; try training.gradient_accumulation = {better}"
        return
    smaller = max(_rounded(train.steps / USUAL_STEPS), train.least_batch)
    if train.steps / smaller >= FEW_STEPS and smaller < training.batch_tokens:
        yield f"{found}: training.batch_tokens = {training.batch_tokens}; try training.batch_tokens = {smaller}"
        return
    epochs = ceil(ENOUGH_STEPS / an_epoch)
    yield f"{found}, which is little to learn in; try training.epochs = {epochs}"


def dev_advice(dev: EncodedDataset, rows: str, items: str, drawn: bool, streamed: bool = False) -> Iterator[str]:
    """Warn of a dev split too small to choose a model by.

    Args:
        dev: The encoded split.
        rows: Plural noun of its rows.
        items: Plural noun of its items.
        drawn: True if it is drawn from train.
        streamed: True if nothing can be drawn from train.
    """
    number, few, noun = sum(map(len, dev.in_order())), FEW_ROWS, rows
    if dev.carries_state:
        number, few, noun = dev.items, FEW_TOKENS, items
    if number < few:
        share = "" if streamed else ", or a share of train, data.dev = 0.2"
        better = "a larger share, data.dev = 0.2" if drawn else f"a larger file{share}"
        found = f"{number:,} {noun if number != 1 else noun.removesuffix('s')}"
        yield f"dev has only {found}, so that its score, which chooses the model, is mostly luck; try {better}"


def _rounded(value: float) -> int:
    """Round to two digits, at least to 1."""
    if value < 1:
        return 1
    unit = 10 ** max(floor(log10(value)) - 1, 0)
    return int(value // unit * unit)


@final
class FlatLoss:
    """Watch over a training for a loss that does not fall."""

    def __init__(self, lr: float) -> None:
        """Store the recipe's learning rate."""
        self.lr = lr
        self._losses: list[float] = []
        self._first: list[float] | None = None
        self._epochs = 0

    def hear(self, event: Event) -> str | None:
        """Hear an event; returns the advice, once, after some epochs."""
        match event:
            case Started() if event.step:
                self._epochs = FLAT_EPOCHS  # its beginning was before the resume
            case Stepped():
                self._losses.append(event.loss)
            case Evaluated() if event.epoch == int(event.epoch) and self._losses:
                self._epochs += 1
                if self._first is None:  # the first steps, before it has learned
                    self._first = self._losses[: max(len(self._losses) // 10, 1)]
                last, self._losses = self._losses, []
                if self._epochs == FLAT_EPOCHS:
                    return self._advice(float(np.mean(self._first)), float(np.mean(last)))
        return None

    def _advice(self, first: float, last: float) -> str | None:
        if first - last >= FLAT * max(abs(first), FLAT):
            return None
        better = self.lr / 10 if self.lr >= HIGH_RATE else self.lr * 10
        found = f"the loss is flat: {first:.3f} in the first steps, {last:.3f} in epoch {FLAT_EPOCHS}"
        return f"{found}, so that nothing is learned; try optimizer.lr = {better:g}, or check labels and data"


@final
class DependenceOnState:
    """Watch over language models for dependence on their carried state.

    Cells of an LSTM may run away while the state is carried from window to window: the weights then rely on a state
    that no text begins with. In the first epoch nothing can be known by heart, so that dev's nats are those of the
    training, but for this.
    """

    def __init__(self, state_reset: float) -> None:
        """Store the recipe's probability of resets."""
        self.state_reset = state_reset
        self._losses: deque[float] = deque(maxlen=LAST_STEPS)
        self._over = False

    def hear(self, event: Event) -> str | None:
        """Hear an event; returns the advice, once, at the first evaluation."""
        match event:
            case Started():
                self._over = event.epoch >= 1
            case Stepped() if not self._over:
                self._losses.append(event.loss)
            case Evaluated() if not self._over and self._losses:
                self._over = True
                return self._advice(event.scores.get("nats", 0.0), float(np.mean(self._losses)))
        return None

    def _advice(self, dev: float, loss: float) -> str | None:
        if dev < MAX_RATIO * loss or dev - loss < MAX_DIFFERENCE:
            return None
        found = (
            f"dev nats {dev:.3f}, but {loss:.3f} in training, where all text was new, too: the model needs the state"
        )
        reset = f"training.state_reset = {max(0.02, min(2 * self.state_reset, 1)):g}"
        return (
            f"{found} that was carried there, and can't begin a text; try {reset}, unless dev is another kind of text"
        )


def baseline_advice(name: str, score: float, baselines: dict[str, float], higher_is_better: bool) -> str | None:
    """Warn of a model that is no better than a trivial system.

    Args:
        name: The dev score that decides.
        score: That of the model.
        baselines: The same score of trivial systems by their name.
        higher_is_better: True if a higher one is better.
    """
    worse = {
        each: value for each, value in baselines.items() if (value >= score if higher_is_better else value <= score)
    }
    is_perfect = score == (1 if higher_is_better else 0)
    if not worse or is_perfect:
        return None
    pick = max if higher_is_better else min
    best = pick(worse, key=lambda each: worse[each])
    found = f"on dev the model is no better ({name} {score:.4f}) than {best!r} ({worse[best]:.4f}), a trivial system"
    return f"{found}: try more data, training.epochs up, or another optimizer.lr"
