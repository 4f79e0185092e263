"""Messages between an application and the service: one JSON object a line, over stdin and stdout.

The application sends `{"id", "do", "run", "settings"}`, or `{"stop": id}`. The service sends `{"ready": true}` once,
then for each request any number of `{"id", "data": [...]}` and one `{"id", "end": true}` or
`{"id", "error": [kind, message]}`. Nothing comes after that for this id.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

MAX_LINE_BYTES = 1 << 26


@dataclass(frozen=True)
class Request:
    """A question about a run."""

    id: int
    do: str
    """The kind of request: a key of the `HANDLERS` of the task, see `seqnlp.service.requests`."""
    run: str
    """The directory of the run."""
    settings: dict[str, Any]
    """Keyword arguments of the library's call."""


def to_line(message: dict[str, Any]) -> bytes:
    """Encode a message as a line."""
    return json.dumps(message, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def from_line(line: bytes) -> dict[str, Any]:
    """Decode the message in a line.

    Raises:
        ValueError: the line is no JSON object.
    """
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError(f"expected a JSON object, found {type(message).__name__}")
    return message
