"""A training as it is watched: what its events tell, and what its process does."""

from __future__ import annotations

from pathlib import Path
from typing import final

from seqnlp.events import Evaluated, Example, event_from
from seqnlp.run.events_log import Tail
from seqnlp.run.summary import Curves, curves
from seqnlp.status import TrainingStatus


@final
class Following:
    """Reads what is new, and keeps where the training stands."""

    def __init__(self, path: Path) -> None:
        self.status = TrainingStatus()
        self.curves: Curves = curves([])
        self.scores: dict[str, float] = {}
        """The latest dev scores."""
        self.best: dict[str, float] = {}
        """Those of the model that is kept so far."""
        self.examples: list[Example] = []
        """What the model made of some examples of dev the last time."""
        self._tail = Tail(path)
        self._rewound = 0

    def look(self) -> bool:
        """Take in the events since the last look; whether there were any."""
        new = self._tail.read()
        if not new and self._rewound == self._tail.rewound:
            return False
        if self._rewound != self._tail.rewound:
            self._rewound, self.status, self.scores = self._tail.rewound, TrainingStatus(), {}
            self.best, self.examples, new = {}, [], self._tail.events
        for line in new:
            event = event_from(line)
            if event is not None:
                self.status.add(event)
            if isinstance(event, Evaluated):
                self.examples = event.examples
            if line["event"] == "evaluated":
                self.scores = line["scores"]
                self.best = line["scores"] if line["best"] else self.best
        self.curves = curves(self._tail.events)
        return True
