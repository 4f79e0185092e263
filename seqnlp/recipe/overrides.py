"""Overrides: settings from the command line, `--set KEY=VALUE`, merged over those of the file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from typing import Any

from seqnlp.errors import Fault, RecipeError
from seqnlp.recipe.document import Document, Place, dotted
from seqnlp.recipe.locate import DOTTED_KEY, Keys, key_parts

_RANK = 1_000_000
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
        place = Place(_RANK + number, 0, 0, f"--set {text}")
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
