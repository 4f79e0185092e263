"""Events of a training: plain data, drawn by the command line and the TUI, and compared by tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from functools import cache
from typing import Any, get_type_hints

from seqnlp.json_types import mismatch, type_check


@dataclass(frozen=True)
class Event:
    """Base of the events of a training."""

    step: int
    """Optimizer steps done so far."""
    epoch: float
    """Passes over the training data done so far, for instance 2.35."""
    seconds: float
    """Wall time of training so far, in seconds; the time before a resume is included."""

    def to_json(self) -> dict[str, Any]:
        """Convert to a line of `events.jsonl`."""
        return {"event": type(self).__name__.lower(), **asdict(self)}


@dataclass(frozen=True)
class Started(Event):
    """Start of a training, or its resume if `step` is not 0."""

    steps: int
    """Optimizer steps of the whole training, if nothing stops it early."""
    epochs: float
    parameters: int
    items_name: str
    """Name of the items: words, characters, target tokens."""
    expected_seconds: float | None = None
    """Estimated time of all steps and evaluations that are left, by a few steps that were timed; None: too few are."""
    expected_memory: int | None = None
    """Estimated peak of the memory of the process, in bytes."""


@dataclass(frozen=True)
class Initialized(Event):
    """Weights at the beginning, where they are those of another run."""

    run: str
    """Path of that run, as the recipe names it."""
    sha256: str
    """Digest of its recipe, codecs and weights."""
    parts: dict[str, str]
    """Account of each part of the model: `taken`, how much of it, or why it is `fresh`."""
    scores: dict[str, float] = field(default_factory=dict)
    """Scores before the first step on dev of that run, if the recipe asks for them."""


@dataclass(frozen=True)
class Stepped(Event):
    """An optimizer step."""

    loss: float
    """Mean loss per item of this step, in nats."""
    lr: float
    items: int
    """Words (characters, target tokens) seen in training so far."""
    items_per_second: float
    """Speed over the last few seconds of training, without evaluation and saving."""


@dataclass(frozen=True)
class Example:
    """Prediction for an example of dev during training.

    Cells are words with a label each, steps of a forecast with a number each, or a single one with a whole text.
    """

    given: list[str]
    expected: list[str]
    predicted: list[str]
    labels: bool = False
    """True if predictions are labels, so that any other than the expected one is wrong."""


@dataclass(frozen=True)
class Evaluated(Event):
    """An evaluation on dev."""

    scores: dict[str, float] = field(default_factory=dict)
    metric: str = ""
    """Name of the score that decides which model is kept."""
    best: bool = False
    """True if this is the best evaluation so far."""
    examples: list[Example] = field(default_factory=list)
    """Predictions for a few examples, the same ones in each evaluation."""


@dataclass(frozen=True)
class Saved(Event):
    """A checkpoint, safe on disk."""


@dataclass(frozen=True)
class Done(Event):
    """End of a training; the best model is in the run directory."""

    reason: str
    """`finished`, or why it stopped early."""
    best: dict[str, float] = field(default_factory=dict)
    """Dev scores of the model that was kept."""


def event_problem(line: Mapping[str, Any]) -> str:
    """First mistake in a line of `events.jsonl`: a key that is missing or of another type; empty if none is.

    Of a kind that this version does not know, only what all kinds have is checked.
    """
    name = line.get("event")
    if not isinstance(name, str):
        return mismatch(name, str, "event")
    for key, hint, fits, required in _types(name):
        if key in line:
            value = line[key]
            if not fits(value):
                return mismatch(value, hint, key)
        elif required:
            return f"{key}: missing"
    return "" if line["step"] >= 0 and line["epoch"] >= 0 and line["seconds"] >= 0 else "a negative number"


@cache
def _types(event: str) -> list[tuple[str, Any, Callable[[Any], bool], bool]]:
    """Fields of an event: name, type, type check, and true for a required one.

    A number that is not finite, a loss for instance, was written as null.
    """
    kind = KINDS.get(event, Event)
    nullable: Mapping[Any, Any] = {float: float | None, dict[str, float]: dict[str, float | None]}
    hints, base = get_type_hints(kind), {each.name for each in fields(Event)}
    types = {name: hint if name in base else nullable.get(hint, hint) for name, hint in hints.items()}
    return [
        (
            each.name,
            types[each.name],
            type_check(types[each.name]),
            each.default is MISSING and each.default_factory is MISSING,
        )
        for each in fields(kind)
    ]


KIND_CLASSES: tuple[type[Event], ...] = (Started, Initialized, Stepped, Evaluated, Saved, Done)
"""Kinds of events."""

KINDS: Mapping[str, type[Event]] = {kind.__name__.lower(): kind for kind in KIND_CLASSES}
"""Kinds of events by the name in a log."""


def event_from(line: Mapping[str, Any]) -> Event | None:
    """Convert a line of `events.jsonl` back; None for a kind that this version does not know."""
    kind = KINDS.get(line["event"])
    if kind is None:
        return None
    try:
        known = {field.name: line[field.name] for field in fields(kind) if field.name in line}
        if "examples" in known:
            known["examples"] = [Example(**example) for example in known["examples"]]
        return kind(**known)
    except TypeError:  # a field is missing
        return None
