"""Documents: the settings of a recipe before validation, the place of each, and `--set KEY=VALUE` over them."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from seqnlp.errors import Fault, RecipeError
from seqnlp.json_types import BareKind
from seqnlp.recipe.locate import DOTTED_KEY, Keys, key_parts


class Place(NamedTuple):
    """Source position of a setting. Places sort in reading order."""

    rank: int
    """0 for the recipe itself, then the recipes that it extends, then each `--set`."""
    line: int
    """Counted from 1; 0 if the source has no lines."""
    column: int
    source: str
    """A file, or `--set key=value`."""

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source


def dotted(keys: Keys) -> str:
    """Format a path as a dotted key for `--set`, for instance `stack.0.size`."""
    bare = re.compile(r"[A-Za-z0-9_-]+")
    names = (str(key) for key in keys)
    return ".".join(name if bare.fullmatch(name) else json.dumps(name, ensure_ascii=False) for name in names)


@dataclass
class Document:
    """Settings and their places, into which other documents and overrides are merged."""

    source: str
    """Name of the recipe's own file."""
    data: dict[str, Any]
    places: dict[Keys, Place]
    foreign_plugins: set[str] = field(default_factory=set)
    """Plugins that a run carries: the user has to consent before they are run."""

    def place(self, keys: Keys) -> Place:
        """Place of this key, or of its innermost section that has one."""
        inside_out = (self.places.get(keys[:end]) for end in range(len(keys), 0, -1))
        return next((place for place in inside_out if place), Place(0, 0, 0, self.source))

    def merge(self, over: Document) -> None:
        """Merge another document over this one: tables key by key, all else is replaced."""
        self.source = over.source
        self.foreign_plugins |= over.foreign_plugins
        for keys, value in _leaves(over.data):
            if value != {} or not self._has(keys):
                self.assign(keys, value, over.places)

    def assign(self, keys: Keys, value: Any, places: Mapping[Keys, Place]) -> None:
        """Set the value at a path, creating the tables on the way.

        A bare kind on the way becomes a table: `encoder = "gru"` and `encoder.size = 5` make both.

        Args:
            keys: The path of the value; names that are numbers index arrays.
            value: The new value.
            places: Places of the path, of its prefixes and of the keys inside the value.

        Raises:
            IndexError: for an item that an array does not have, with its length.
        """
        node: Any = self.data
        real: Keys = ()
        for depth, key in enumerate(keys[:-1], 1):
            step = _step(node, key)
            inner = node[step] if isinstance(node, list) else node.get(step)
            real = (*real, step)
            if not isinstance(inner, dict | list):
                inner = {"kind": BareKind(inner)} if isinstance(inner, str) else {}
                node[step] = inner
                self.places[real] = next(
                    places[keys[:end]] for end in range(depth, len(keys) + 1) if keys[:end] in places
                )
            node = inner
        step = _step(node, keys[-1])
        node[step] = value
        self._move(keys, (*real, step), places)

    def _move(self, keys: Keys, real: Keys, places: Mapping[Keys, Place]) -> None:
        """Replace the places at and under `real` with those under `keys`."""
        for old in [old for old in self.places if old[: len(real)] == real]:
            del self.places[old]
        for new, place in places.items():
            if new[: len(keys)] == keys:
                self.places[(*real, *new[len(keys) :])] = place

    def _has(self, keys: Keys) -> bool:
        """Test whether a section is set, be it as a bare kind."""
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
    """Key of a table, or index of an array."""
    if isinstance(node, dict):
        return key
    index = int(key) if str(key).isdecimal() else len(node)
    if index < len(node):
        return index
    items = f"{len(node)} item{'s' * (len(node) > 1)}, counted from 0" if node else "no items"
    raise IndexError(f"this is an array with {items}; found {key}")


_RANK = 1_000_000
LONGEST = 200
"""Characters of an override in the place of its faults, at most."""
_ASSIGNMENT = re.compile(rf"\s*({DOTTED_KEY.pattern})\s*=(.*)", re.DOTALL)


def override(document: Document, overrides: Sequence[str]) -> None:
    """Apply overrides to a document; later ones win.

    Args:
        document: Changed in place.
        overrides: Texts `KEY=VALUE`. KEY is a TOML key, dotted to reach into sections, with numbers for the
            items of an array. VALUE is a TOML value and replaces the present one; other text is
            a string, so that `encoder.kind=gru` needs no quotes.

    Raises:
        RecipeError: with a fault for each text that is not of this form, or names an item that is not there.
    """
    faults = []
    for number, text in enumerate(overrides):
        place = Place(_RANK + number, 0, 0, f"--set {text if len(text) <= LONGEST else text[: LONGEST - 1] + '…'}")
        try:
            keys, value = _parse(text)
        except ValueError as error:
            faults.append(Fault("", str(error), "for instance --set encoder.size=256", str(place)))
            continue
        try:
            document.assign(keys, value, {keys: place})
        except IndexError as error:
            faults.append(Fault(dotted(keys), str(error), place=str(place)))
    if faults:
        raise RecipeError(faults)


def _parse(text: str) -> tuple[Keys, Any]:
    assignment = _ASSIGNMENT.fullmatch(text)
    if assignment is None:
        key, equals, _ = text.partition("=")
        raise ValueError(f"expected KEY=VALUE; {f'{key!r} is no key' if equals else 'this has no ='}")
    keys = tuple(name for _, name in key_parts(assignment[1]))
    if keys == ("extends",):
        raise ValueError("`extends` can only be set in a recipe file")
    return keys, _value(assignment[2])


def _value(text: str) -> Any:
    """Parse a TOML value; other text is a string as it stands."""
    try:
        parsed = tomllib.loads(f"value = {text.strip()}")
    except (ValueError, RecursionError):
        return text
    return parsed["value"] if len(parsed) == 1 else text
