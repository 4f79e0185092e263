"""Settings of a recipe in Python: dictionaries and specs, as the plain values of TOML."""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

from seqnlp.errors import Fault, RecipeError
from seqnlp.recipe.document import dotted
from seqnlp.recipe.locate import Keys
from seqnlp.spec import Family, Spec


def plain_settings(settings: Mapping[str, Any] | Spec) -> dict[str, Any]:
    """Convert settings to plain values, copied; None is left out.

    Args:
        settings: Sections are dictionaries, specs, or the name of a kind.

    Raises:
        RecipeError: with a fault for each value that TOML does not have.
    """
    faults: list[Fault] = []
    found = _plain(settings, (), faults)
    if faults:
        raise RecipeError(faults)
    assert isinstance(found, dict)
    return found


def _plain(value: Any, keys: Keys, faults: list[Fault]) -> Any:
    if isinstance(value, Spec):
        value = _settings_of(value)
    if isinstance(value, Mapping):
        for key in [key for key in value if not isinstance(key, str)]:
            faults.append(Fault(dotted(keys), f"a key is {key!r}; expected a string"))
        kept = {str(key): inner for key, inner in value.items() if inner is not None}
        return {key: _plain(inner, (*keys, key), faults) for key, inner in kept.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, (*keys, place), faults) for place, item in enumerate(value)]
    if isinstance(value, bool | datetime.date | datetime.time):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    expected = "expected a string, a number, true or false, an array or a table"
    faults.append(Fault(dotted(keys), f"{expected}, found {type(value).__name__} {str(value)[:40]}".strip()))
    return value


def _settings_of(spec: Spec) -> dict[str, Any]:
    """Settings that somebody has given to a spec, and its kind."""
    kind = {spec.discriminator: getattr(spec, spec.discriminator)} if isinstance(spec, Family) else {}
    return {**kind, **{name: getattr(spec, name) for name, _ in spec if name in spec.model_fields_set}}
