"""Plain words for the types and limits of settings."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable
from typing import Any

import tomli_w

EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "a string",
    "list_type": "an array",
    "dict_type": "a table",
    "model_type": "a table",
    "date_type": "a date",
    "datetime_type": "a date with a time",
    "time_type": "a time",
    "finite_number": "a finite number",
}
"""What was expected, by pydantic's type of the error."""

LIMITS = {
    "greater_than": ("gt", "must be greater than {}"),
    "greater_than_equal": ("ge", "must be at least {}"),
    "less_than": ("lt", "must be less than {}"),
    "less_than_equal": ("le", "must be at most {}"),
    "multiple_of": ("multiple_of", "must be a multiple of {}"),
    "too_short": ("min_length", "must have {} or more items"),
    "too_long": ("max_length", "must have {} or fewer items"),
    "string_too_short": ("min_length", "must have {} or more characters"),
    "string_too_long": ("max_length", "must have {} or fewer characters"),
    "string_pattern_mismatch": ("pattern", "must have the form {}"),
}
"""The name of the limit and what it asks for, by pydantic's type of the error."""

_LONGEST = 60


def found(value: Any) -> str:
    """Name a value of a TOML document, for `found ...`."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return f"an array of {len(value)}" if value else "an empty array"
    if isinstance(value, str):
        return f"the string {quoted(value)}"
    if isinstance(value, datetime.date):
        return f"the date {value}"
    if isinstance(value, datetime.time):
        return f"the time {value}"
    return literal(value)


def quoted(text: str) -> str:
    """A string in double quotes on one line, cut if it is long."""
    return json.dumps(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…", ensure_ascii=False)


def listed(words: Iterable[str]) -> str:
    """`a`, `a or b`, `a, b or c`."""
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


def literal(value: Any) -> str:
    """A value as TOML, on one line."""
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    return tomli_w.dumps({"x": value}).removeprefix("x = ").strip()
