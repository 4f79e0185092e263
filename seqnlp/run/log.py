"""events.jsonl: one event a line, in the order in which they happened."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from seqnlp.errors import RunError
from seqnlp.events import Event
from seqnlp.run.files import read_bytes, saving, without_infinities

TAIL = 65_536
"""Bytes at the end of a log that are read to see how it ends."""


def append_event(path: Path, event: Event) -> None:
    """Add a line to a log, and hand it to the operating system at once.

    Raises:
        seqnlp.errors.DataError: the disk is full or the file cannot be written.
    """
    line = json.dumps(without_infinities(event.to_json()), ensure_ascii=False) + "\n"
    with saving(path), open(path, "ab") as file:
        file.write(line.encode())


def read_events(path: Path) -> list[dict[str, Any]]:
    """The events of a training, without what a resume has made undone.

    A process that dies may leave a broken last line, which is passed over. A training that was resumed from
    an older step has taken the steps after it twice: only the later ones are given.

    Raises:
        seqnlp.errors.RunError: a line in the middle is damaged.
    """
    events: list[dict[str, Any]] = []
    *lines, _unfinished = read_bytes(path).split(b"\n") if path.exists() else [b""]
    for number, line in enumerate(lines, 1):
        event = parse_event(line)
        if event is None:
            raise RunError("damaged: expected an event of a training as JSON", path, number)
        if event["event"] == "started":
            events = [earlier for earlier in events if earlier["step"] <= event["step"]] if event["step"] else []
        events.append(event)
    return events


def parse_event(line: bytes) -> dict[str, Any] | None:
    """The event in a line, or None if the line is damaged."""
    try:
        event = json.loads(line)
        return event if isinstance(event["event"], str) and isinstance(event["step"], int) else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def read_recent_events(path: Path) -> list[dict[str, Any]]:
    """The last whole events of a log, however long it is; damaged lines are passed over."""
    if not path.exists():
        return []
    with open(path, "rb") as file:
        file.seek(max(0, os.path.getsize(path) - TAIL))
        lines = file.read().split(b"\n")[:-1]
    return [event for event in map(parse_event, lines) if event is not None]


def drop_broken_line(path: Path) -> None:
    """Cut off the unfinished last line of a training that was killed, before more is added."""
    if path.exists():
        content = read_bytes(path)
        with saving(path):
            os.truncate(path, content.rfind(b"\n") + 1)
