"""JSON as it is printed and saved: standard, so without NaN and infinities."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


def to_json(
    value: Any, default: Callable[[Any], Any] | None = None, indent: int | None = None, finite: bool = False
) -> str:
    """Serialize to standard JSON; NaN and infinities, which the standard lacks, become null.

    Args:
        value: Whatever JSON can hold.
        default: Converts other objects.
        indent: Blanks a level; by default all is in one line.
        finite: Refuse numbers that are not, for a file whose numbers have to come back.

    Raises:
        ValueError: there are such numbers.
    """
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, default=default, indent=indent)
    except ValueError:
        if finite:
            raise
        loose = json.dumps(value, ensure_ascii=False, default=default)
        known = json.loads(loose, parse_constant=lambda name: None)
        return json.dumps(known, ensure_ascii=False, allow_nan=False, indent=indent)
