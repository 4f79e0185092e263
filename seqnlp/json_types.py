"""Type checks of parsed JSON against annotations; pydantic would double the time of listing runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints, is_typeddict

MAX_DEPTH = 32
"""Deepest nesting of an object that this program writes, with room to spare."""

LARGEST = 2**63 - 1
"""Largest integer that an array can hold."""


class BareKind(str):
    """Bare string that an override made the `kind` of a table."""


class JsonObject(dict[str, Any]):
    """JSON object with the file that it was read from. Messages about its values name that file."""

    def __init__(
        self,
        value: Mapping[str, Any],
        file: Path | None = None,
        key: str = "",
        weights: Callable[[], Mapping[str, Any]] = dict,
    ) -> None:
        """Store the object and its origin.

        Args:
            value: The object.
            file: The file that it was read from.
            key: Its dotted key in an outer object of that file.
            weights: Loads the tensors that were saved beside it.
        """
        super().__init__(value)
        self.file, self.key, self.weights = file, key, weights

    @classmethod
    def inside(cls, outer: Mapping[str, Any], key: str) -> JsonObject:
        """Take an object out of another one, with its file."""
        if not isinstance(outer, JsonObject):
            return cls(outer[key], None, key)
        return cls(outer[key], outer.file, f"{outer.key}.{key}".lstrip("."))


def mismatch(value: Any, expected: Any, key: str = "") -> str:
    """Compare a value with a type; return the first problem, or an empty text.

    Args:
        value: Parsed JSON.
        expected: A plain type, `list`, `dict`, a union, a dataclass or a typed dictionary. Keys beyond those of
            the last two are allowed: a later version may write more.
        key: Its dotted key, for the message.
    """
    if type_check(expected)(value):
        return ""
    origin, arguments = get_origin(expected), get_args(expected)
    if (is_dataclass(expected) or is_typeddict(expected)) and isinstance(value, dict):
        hints, required = _fields(expected)
        if missing := [name for name in hints if name in required and name not in value]:
            return f"{_join(key, missing[0])}: missing"
        inner = [(name, value[name], hint) for name, hint in hints.items() if name in value]
    elif origin is list and isinstance(value, list):
        inner = [(str(number), item, arguments[0]) for number, item in enumerate(value)]
    elif origin is dict and isinstance(value, dict):
        inner = [(name, item, arguments[1]) for name, item in value.items()]
    else:
        return _problem(value, expected, key)
    return next(mismatch(item, hint, _join(key, name)) for name, item, hint in inner if not type_check(hint)(item))


@cache
def type_check(expected: Any) -> Callable[[Any], bool]:
    """Compile the test for a type, as for `mismatch`; a log has many lines."""
    origin, arguments = get_origin(expected), get_args(expected)
    if expected is Any:
        return lambda value: True
    if expected is float:
        return _is_number
    if expected is int:
        return lambda value: type(value) is int and -LARGEST <= value <= LARGEST
    if origin in (Union, UnionType):
        checks = [type_check(each) for each in arguments]
        return lambda value: any(check(value) for check in checks)
    if is_dataclass(expected) or is_typeddict(expected):
        hints, required = _fields(expected)
        fields_ = [(name, type_check(hint), name in required) for name, hint in hints.items()]
        return lambda value: (
            isinstance(value, dict)
            and all(check(value[name]) if name in value else not needed for name, check, needed in fields_)
        )
    if origin is list:
        of_item = type_check(arguments[0])
        return lambda value: isinstance(value, list) and all(map(of_item, value))
    if origin is dict:
        of_value = type_check(arguments[1])
        return lambda value: isinstance(value, dict) and all(map(of_value, value.values()))
    return lambda value: type(value) is expected


def _is_number(value: Any) -> bool:
    if type(value) is float:
        return math.isfinite(value)
    return type(value) is int and -LARGEST <= value <= LARGEST


@cache
def _fields(expected: Any) -> tuple[dict[str, Any], frozenset[str]]:
    """Types of a class's fields, and the names of its required ones."""
    if is_typeddict(expected):
        return get_type_hints(expected), frozenset(expected.__required_keys__)
    open_ = (field for field in fields(expected) if field.default is MISSING and field.default_factory is MISSING)
    return get_type_hints(expected), frozenset(field.name for field in open_)


def _join(key: str, name: object) -> str:
    return f"{key}.{name}" if key else str(name)


_NAMES = {int: "an integer", float: "a number", str: "a text", bool: "true or false", list: "a list", dict: "a table"}


def _problem(value: Any, expected: Any, key: str) -> str:
    options = get_args(expected) if get_origin(expected) in (Union, UnionType) else (expected,)
    names = (
        "null" if option is NoneType else _NAMES.get(get_origin(option) or option, "a table") for option in options
    )
    return f"{key or 'the whole'}: expected {' or '.join(names)}, found {shown(value)}"


def shown(value: Any) -> str:
    """Short text of a JSON value for a message; an object of any depth is told by its size."""
    if isinstance(value, dict):
        return f"a table of {len(value)}"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int) and abs(value) > LARGEST:
        return "a number beyond 64 bits"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def is_deep(value: Any) -> bool:
    """Test for nesting deeper than `MAX_DEPTH`.

    No file of this program has it, and recursive code would not survive it.
    """
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            item
            for outer in level
            for item in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(item, dict | list)
        ]
        if not level:
            return False
    return True
