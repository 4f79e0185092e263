"""The log of a training, followed while it is written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, final

from seqnlp.run.directory import EVENTS
from seqnlp.run.log import parse_event


@final
class Tail:
    """The events of a run so far; each `read` looks for new ones.

    A last line that is only half written is left for the next time. A log that was begun anew is read anew, and
    what a resume has made undone is forgotten, as in `seqnlp.run.log.read_events`.
    """

    def __init__(self, run: str | Path) -> None:
        self.path = Path(run) / EVENTS
        self.events: list[dict[str, Any]] = []
        """What has happened, as if the training had never been interrupted."""
        self.rewound = 0
        """Grows each time events were forgotten: who has kept something of them starts again."""
        self._offset, self._file = 0, 0

    def read(self) -> list[dict[str, Any]]:
        """The events that are new since the last time; damaged lines are passed over."""
        try:
            file = open(self.path, "rb")  # noqa: SIM115  (closed below)
        except OSError:
            self._forget()
            return []
        with file:
            found = os.fstat(file.fileno())
            if found.st_ino != self._file or found.st_size < self._offset:
                self._forget()
                self._file = found.st_ino
            file.seek(self._offset)
            whole, newline, _ = file.read().rpartition(b"\n")
        self._offset += len(whole) + len(newline)
        new = [event for event in map(parse_event, whole.split(b"\n")) if event is not None] if newline else []
        for event in new:
            self._add(event)
        return new

    def _add(self, event: dict[str, Any]) -> None:
        if event["event"] == "started" and self.events:
            kept = [earlier for earlier in self.events if earlier["step"] <= event["step"]] if event["step"] else []
            self.events, self.rewound = kept, self.rewound + 1
        self.events.append(event)

    def _forget(self) -> None:
        self._offset = self._file = 0
        if self.events:
            self.events, self.rewound = [], self.rewound + 1
