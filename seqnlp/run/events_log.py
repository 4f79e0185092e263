"""Log of a training, events.jsonl: one event per line."""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import Any, final

from seqnlp.errors import RunError
from seqnlp.events import Event, event_problem
from seqnlp.json_text import to_json
from seqnlp.run.files import decode_json, read_bytes, saving, write_bytes

EVENTS = "events.jsonl"

CHECKSUM = "crc32"

TAIL = 65_536
"""Bytes read from the end of a log for its last events."""

MARK = 512
"""Bytes before the offset of a reader by which it knows its log again; a line of an event has about 200."""


def append_event(path: Path, event: Event) -> None:
    """Append a line to a log, flushed to the operating system; its last key is a checksum of the others.

    Raises:
        seqnlp.errors.DataError: the disk is full or the file cannot be written.
    """
    line = to_json(event.to_json()).encode("utf-8", "surrogatepass")
    with saving(path), open(path, "ab") as file:
        file.write(line[:-1] + checksum_of(line) + b"\n")


def read_events(path: Path, sealed: bool = False) -> list[dict[str, Any]]:
    """Events of a training, without those that a resume has undone.

    A process that dies may leave a broken last line, which is skipped. A training that was resumed from
    an older step has taken the steps after it twice: only the later ones are returned.

    Args:
        path: The log.
        sealed: Every line must have its checksum; those of earlier versions have none.

    Raises:
        seqnlp.errors.RunError: a line in the middle is damaged.
    """
    *lines, _unfinished = read_bytes(path).split(b"\n") if path.exists() else [b""]
    history = History()
    for number, line in enumerate(lines, 1):
        event = parse_event(line, sealed)
        if event is None:
            raise RunError("damaged: expected an event of a training as JSON", path, number)
        history.add(event)
    return history.events


def parse_event(line: bytes, sealed: bool = False) -> dict[str, Any] | None:
    """Parse a line of a log; None for a damaged one, and if it is to be `sealed` for one without its checksum."""
    try:
        event = decode_json(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict):
        return None
    if event.pop(CHECKSUM, None) is not None or sealed:
        end = line.rfind(b', "' + CHECKSUM.encode())
        if line[end:] != checksum_of(line[:end] + b"}"):
            return None
    return None if event_problem(event) else event


def checksum_of(line: bytes) -> bytes:
    """End of the line of an event: its checksum and the closing brace."""
    return f', "{CHECKSUM}": "{zlib.crc32(line):08x}"}}'.encode()


def read_recent_events(path: Path) -> list[dict[str, Any]]:
    """Last whole events of a log, however long it is; damaged lines are skipped."""
    if not path.exists():
        return []
    try:
        if not path.is_file():
            raise RunError("cannot be read: expected a file", path)
        with open(path, "rb") as file:
            file.seek(max(0, os.path.getsize(path) - TAIL))
            lines = file.read().split(b"\n")[:-1]
    except OSError as error:
        raise RunError(f"cannot be read: {(error.strerror or str(error)).lower()}", path) from error
    return [event for event in map(parse_event, lines) if event is not None]


def drop_broken_line(path: Path) -> None:
    """Truncate the unfinished last line of a training that was killed.

    A log that has another name, too, as in a copy by `cp -l`, becomes a file of its own: it is about to grow.
    """
    if path.exists():
        content = read_bytes(path)
        whole = content.rfind(b"\n") + 1
        if path.stat().st_nlink > 1:
            write_bytes(path, content[:whole])
        with saving(path):
            os.truncate(path, whole)


@final
class History:
    """Events of a training as if it had never been interrupted: a resume undoes those after its step."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.rewound = 0
        """Number of times that events were discarded: readers then start again."""

    def add(self, event: dict[str, Any]) -> None:
        """Append an event; one that says `started` first removes those that it undoes."""
        if event["event"] == "started" and self.events:
            kept = [earlier for earlier in self.events if earlier["step"] <= event["step"]] if event["step"] else []
            self.events, self.rewound = kept, self.rewound + 1
        self.events.append(event)

    def clear(self) -> None:
        """Forget all events."""
        if self.events:
            self.events, self.rewound = [], self.rewound + 1


@final
class Tail:
    """Reader of a log that is still being written; each `read` returns the new events.

    A last line that is only half written is left for the next time. A log that was begun again is read again.
    """

    def __init__(self, run: str | Path) -> None:
        self.path = Path(run) / EVENTS
        self._history = History()
        self._offset, self._file = 0, 0
        self._mark = b""
        """Last bytes before the offset: a log that was begun again may have the same inode and be as long."""

    @property
    def events(self) -> list[dict[str, Any]]:
        """Events so far, without those that a resume has undone."""
        return self._history.events

    @property
    def rewound(self) -> int:
        """Number of times that events were discarded: readers then start again."""
        return self._history.rewound

    def read(self) -> list[dict[str, Any]]:
        """Events that are new since the last time; damaged lines are skipped."""
        try:
            file = open(self.path, "rb")  # noqa: SIM115  (closed below)
        except OSError:
            self._forget()
            return []
        with file:
            inode = os.fstat(file.fileno()).st_ino
            file.seek(self._offset - len(self._mark))
            content = file.read()
            if inode != self._file or not content.startswith(self._mark):
                self._forget()
                self._file = inode
                file.seek(0)
                content = file.read()
        whole, newline, _ = content[len(self._mark) :].rpartition(b"\n")
        self._offset += len(whole) + len(newline)
        self._mark = (self._mark + whole + newline)[-MARK:]
        new = [event for event in map(parse_event, whole.split(b"\n")) if event is not None] if newline else []
        for event in new:
            self._history.add(event)
        return new

    def _forget(self) -> None:
        self._offset = self._file = 0
        self._mark = b""
        self._history.clear()
