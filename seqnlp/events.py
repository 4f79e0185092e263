"""What a training tells the world while it runs; plain data, drawn by the command line, the TUI and tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass(frozen=True)
class Event:
    """One moment of a training."""

    step: int
    """Optimizer steps done so far."""
    epoch: float
    """Passes over the training data done so far, for instance 2.35."""
    seconds: float
    """Seconds of training so far: those before a resume included, those in which the process stood still left out."""

    def to_json(self) -> dict[str, Any]:
        """One line of `events.jsonl`."""
        return {"event": type(self).__name__.lower(), **asdict(self)}


@dataclass(frozen=True)
class Started(Event):
    """Training begins, or goes on if `step` is not 0."""

    steps: int
    """Optimizer steps that the recipe asks for, if nothing stops the training early."""
    epochs: float
    parameters: int
    items_name: str
    """What is counted as work: words, characters, target tokens."""


@dataclass(frozen=True)
class Stepped(Event):
    """An optimizer step was taken."""

    loss: float
    """Mean loss per item of this step, in nats."""
    lr: float
    items: int
    """Words (characters, target tokens) seen in training so far."""
    items_per_second: float
    """Speed over the last few seconds of training, without evaluation and saving."""


@dataclass(frozen=True)
class Example:
    """What the model makes of an example of dev at the moment.

    Cells that are words with a label each, steps of a forecast with a number each, or a single one with a whole text.
    """

    given: list[str]
    expected: list[str]
    predicted: list[str]
    labels: bool = False
    """Whether the answers are labels, so that another one than is expected is wrong."""


@dataclass(frozen=True)
class Evaluated(Event):
    """The model was scored on dev."""

    scores: dict[str, float] = field(default_factory=dict)
    metric: str = ""
    """The score that decides which model is kept."""
    best: bool = False
    """Whether this is the best so far."""
    examples: list[Example] = field(default_factory=list)
    """The same few examples each time."""


@dataclass(frozen=True)
class Saved(Event):
    """A checkpoint is safe on disk."""


@dataclass(frozen=True)
class Done(Event):
    """Training has ended; the best model is in the run directory."""

    reason: str
    """`finished`, or why it stopped early."""
    best: dict[str, float] = field(default_factory=dict)
    """The dev scores of the model that was kept."""


def event_from(line: Mapping[str, Any]) -> Event | None:
    """The event that `to_json` has made a line of; None for a kind that this version does not know."""
    kinds: tuple[type[Event], ...] = (Started, Stepped, Evaluated, Saved, Done)
    kind = next((kind for kind in kinds if kind.__name__.lower() == line["event"]), None)
    if kind is None:
        return None
    try:
        known = {field.name: line[field.name] for field in fields(kind) if field.name in line}
        if "examples" in known:
            known["examples"] = [Example(**example) for example in known["examples"]]
        return kind(**known)
    except TypeError:  # something that it needs is not there
        return None
