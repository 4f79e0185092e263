"""Edits of a run's recipe: differences from its copy in the model card."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from seqnlp.run.digests import digest_of

_SHOWN = 3
"""Settings in a message, at most."""
_FENCED = re.compile(r"^## Recipe\n\n(`{3,})toml\n(.*?)\n\1$", re.DOTALL | re.MULTILINE)


def describe_edits(recipe: bytes, card: str, digest: str) -> str:
    """Describe how a recipe differs from that of the training: `encoder.size is 24, was 16`.

    Args:
        recipe: The file as it is.
        card: The model card, with a copy of the recipe of the training.
        digest: That of the recipe of the training.

    Returns:
        Empty if that is unknown: the card is missing or edited, or the file is no recipe any more.
    """
    found = _FENCED.search(card)
    if found is None or digest_of(f"{found[2]}\n".encode()) != digest:
        return ""
    try:
        now = flatten(tomllib.loads(recipe.decode()))
    except (ValueError, RecursionError):
        return ""
    before = flatten(tomllib.loads(found[2]))
    edits = [
        f"{key} is {_text(now, key)}, was {_text(before, key)}"
        for key in {**before, **now}
        if now.get(key) != before.get(key)
    ]
    more = f" and {len(edits) - _SHOWN} more" if len(edits) > _SHOWN else ""
    return "; ".join(edits[:_SHOWN]) + more


def flatten(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Settings of a table by dotted key."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        flat |= flatten(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return flat


def _text(settings: dict[str, Any], key: str) -> str:
    text = repr(settings[key]) if key in settings else "missing"
    return text if len(text) <= 60 else f"{text[:59]}…"
