"""A recipe before it is validated: nested settings, and where each of them was written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from seqnlp.recipe.locate import Keys


class Place(NamedTuple):
    """Where a setting was written. Places sort in the order in which a reader meets them."""

    rank: int
    """0 for the recipe itself, then what it extends, then each `--set`."""
    line: int
    """From 1; 0 if the place has no lines."""
    column: int
    source: str
    """The file, or `--set key=value`."""

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source


def dotted(keys: Keys) -> str:
    """Write keys as `--set` takes them, for instance `stack.0.size`."""
    bare = re.compile(r"[A-Za-z0-9_-]+")
    names = (str(key) for key in keys)
    return ".".join(name if bare.fullmatch(name) else json.dumps(name, ensure_ascii=False) for name in names)


@dataclass
class Document:
    """Settings and their places; both change as other documents and overrides are laid on top."""

    source: str
    """The name of the recipe's own file."""
    data: dict[str, Any]
    places: dict[Keys, Place]

    def place(self, keys: Keys) -> Place:
        """Where this key was written, or the innermost section around it that was written at all."""
        inside_out = (self.places.get(keys[:end]) for end in range(len(keys), 0, -1))
        return next((place for place in inside_out if place), Place(0, 0, 0, self.source))

    def lay(self, over: Document) -> None:
        """Lay another document on this one: tables are merged key by key, all else is replaced."""
        self.source = over.source
        for keys, value in _leaves(over.data):
            if value != {} or not self._has(keys):
                self.assign(keys, value, over.places)

    def assign(self, keys: Keys, value: Any, places: Mapping[Keys, Place]) -> None:
        """Set one value, however deep, making the tables on the way to it.

        A bare kind on the way becomes a table: `encoder = "gru"` and `encoder.size = 5` make both.

        Args:
            keys: The way to the value; names that are numbers count the items of an array.
            value: What to set.
            places: Where `keys`, what is on the way to it and what is inside of it were written.

        Raises:
            IndexError: saying what there is, for an item that an array does not have.
        """
        node: Any = self.data
        real: Keys = ()
        for depth, key in enumerate(keys[:-1], 1):
            step = _step(node, key)
            inner = node[step] if isinstance(node, list) else node.get(step)
            real = (*real, step)
            if not isinstance(inner, dict | list):
                inner = {"kind": inner} if isinstance(inner, str) else {}
                node[step] = inner
                self.places[real] = next(
                    places[keys[:end]] for end in range(depth, len(keys) + 1) if keys[:end] in places
                )
            node = inner
        step = _step(node, keys[-1])
        node[step] = value
        self._move(keys, (*real, step), places)

    def _move(self, keys: Keys, real: Keys, places: Mapping[Keys, Place]) -> None:
        """Forget where the value at `real` was written; take the places of what is at `keys` instead."""
        for old in [old for old in self.places if old[: len(real)] == real]:
            del self.places[old]
        for new, place in places.items():
            if new[: len(keys)] == keys:
                self.places[(*real, *new[len(keys) :])] = place

    def _has(self, keys: Keys) -> bool:
        """Whether there is a section of this name, be it a bare kind."""
        node: Any = self.data
        for key in keys:
            if not isinstance(node, dict) or key not in node:
                return False
            node = node[key]
        return isinstance(node, dict | str)


def _leaves(table: dict[str, Any], path: Keys = ()) -> Iterator[tuple[Keys, Any]]:
    for key, value in table.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, (*path, key))
        else:
            yield (*path, key), value


def _step(node: Any, key: str | int) -> Any:
    """The key in a table, or the index in an array."""
    if isinstance(node, dict):
        return key
    index = int(key) if str(key).isdecimal() else len(node)
    if index < len(node):
        return index
    items = f"{len(node)} item{'s' * (len(node) > 1)}, counted from 0" if node else "no items"
    raise IndexError(f"this is an array with {items}; found {key}")
