"""State of a training, collected from its events, for displays."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from threading import Lock
from typing import final

from seqnlp.events import Done, Evaluated, Event, Example, Started, Stepped, event_from
from seqnlp.run.events_log import Tail
from seqnlp.run.summary import Curves, curves

SMOOTHING = 0.05
"""Weight of the newest step in the smoothed loss, after 1 / SMOOTHING steps."""


@dataclass(frozen=True)
class Evaluation:
    """One line of the table of evaluations."""

    epoch: float
    seconds: float
    loss: float | None
    """Mean over the steps since the evaluation before; None if there were none."""
    metric: str
    """Score that decides which model is kept; empty if there is none."""
    score: float | None
    best: bool
    items_per_second: float


@dataclass
class TrainingStatus:
    """State of a training; `add` every event to it."""

    started: Started | None = None
    latest: Event | None = None
    loss: float | None = None
    """Loss per item, smoothed over the last steps; after an evaluation the mean of the steps before it."""
    items_per_second: float = 0.0
    evaluations: list[Evaluation] = field(default_factory=list)
    best: Evaluation | None = None
    done: Done | None = None
    scores: dict[str, float] = field(default_factory=dict)
    """The latest scores on dev."""
    best_scores: dict[str, float] = field(default_factory=dict)
    """Scores of the model that is kept so far."""
    examples: list[Example] = field(default_factory=list)
    """The latest predictions for some examples of dev."""
    _steps: int = 0
    _losses: list[float] = field(default_factory=list)

    def add(self, event: Event) -> None:
        """Add the next event."""
        self.latest = event
        match event:
            case Started():
                self.started = event
            case Stepped():
                self._step(event)
            case Evaluated():
                self._evaluate(event)
            case Done():
                self.done = event

    @property
    def seconds(self) -> float:
        """Seconds of training so far, those before a resume included."""
        return self.latest.seconds if self.latest else 0.0

    @property
    def share(self) -> float:
        """Progress of the training, from 0 to 1."""
        if self.started is None or self.latest is None or not self.started.steps:
            return 0.0
        return min(self.latest.step / self.started.steps, 1.0)

    @property
    def seconds_left(self) -> float | None:
        """Estimated seconds until the last step. The pace is that since the start or the resume, evaluations included.

        A training that stops early is done sooner. Before the first step it is what the start has told, if anything.
        """
        if self.started is None or self.latest is None:
            return None
        if self.latest.step <= self.started.step:
            return self.started.expected_seconds
        taken = self.latest.step - self.started.step
        pace = (self.latest.seconds - self.started.seconds) / taken
        return pace * max(self.started.steps - self.latest.step, 0)

    def _step(self, event: Stepped) -> None:
        self._steps += 1
        weight = max(SMOOTHING, 1 / self._steps)
        self.loss = event.loss if self.loss is None else self.loss + weight * (event.loss - self.loss)
        self.items_per_second = event.items_per_second
        self._losses.append(event.loss)

    def _evaluate(self, event: Evaluated) -> None:
        loss = fmean(self._losses) if self._losses else None
        score = event.scores.get(event.metric)
        line = Evaluation(event.epoch, event.seconds, loss, event.metric, score, event.best, self.items_per_second)
        self.evaluations.append(line)
        self._losses = []
        self.loss = self.loss if loss is None else loss  # as in the table
        self.scores, self.examples = event.scores, event.examples
        if event.best:
            self.best, self.best_scores = line, event.scores


@final
class LogFollower:
    """Status and curves of a training whose log is still written; several threads may read."""

    def __init__(self, path: Path) -> None:
        self.status = TrainingStatus()
        self.curves: Curves = curves([])
        self._tail = Tail(path)
        self._rewound = 0
        self._lock = Lock()

    def read(self) -> bool:
        """Read the events since the last time; False if there were none."""
        with self._lock:  # else a second reader takes events half rewound, and loses those of the first
            return self._read()

    def _read(self) -> bool:
        new = self._tail.read()
        if not new and self._rewound == self._tail.rewound:
            return False
        if self._rewound != self._tail.rewound:
            self._rewound, self.status, new = self._tail.rewound, TrainingStatus(), self._tail.events
        for event in map(event_from, new):
            if event is not None:
                self.status.add(event)
        self.curves = curves(self._tail.events)
        return True
