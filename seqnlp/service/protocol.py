"""What an application and its worker say to each other: one JSON object a line, over stdin and stdout.

The application sends `{"id", "do", "run", "settings"}`, or `{"stop": id}`. The worker sends `{"ready": true}` once,
then for each request any number of `{"id", "data": [...]}` and one `{"id", "end": true}` or
`{"id", "error": [kind, message]}`. Nothing comes after that for this id.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

LONGEST = 1 << 26
"""Bytes of a line, at most."""


@dataclass(frozen=True)
class Request:
    """Something that is asked of a run."""

    id: int
    do: str
    """Which case of `seqnlp.service.handlers.answer`."""
    run: str
    """The directory of the run."""
    settings: dict[str, Any]
    """What the call of the library is given."""


def to_line(message: dict[str, Any]) -> bytes:
    """A message as a line."""
    return json.dumps(message, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def from_line(line: bytes) -> dict[str, Any]:
    """The message in a line; a `ValueError` if there is none."""
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError(f"expected a JSON object, found {type(message).__name__}")
    return message
