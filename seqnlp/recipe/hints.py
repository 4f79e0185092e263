"""The nearest right thing to a wrong setting."""

from __future__ import annotations

import datetime
import shlex
from typing import Any

from seqnlp.recipe.document import Place, dotted
from seqnlp.recipe.locate import Keys
from seqnlp.recipe.sections import class_at, family_at, sections
from seqnlp.recipe.wording import listed, literal, quoted
from seqnlp.spec import Spec
from seqnlp.spelling import did_you_mean

_WORDS = dict.fromkeys(("true", "yes", "on", "1"), True) | dict.fromkeys(("false", "no", "off", "0"), False)


def spelling_hint(root: type[Spec], data: Any, keys: Keys) -> str:
    """For an unknown key: a key of the section with a similar name, and other sections that have this one."""
    *path, name = keys
    section = tuple(path)
    here = class_at(root, data, section)
    own = list(here.model_fields) if here else []
    if not section:
        own.append("extends")
    hints = [did_you_mean(str(name), own)]
    family = family_at(root, data, section)
    if family is not None:
        kinds = [quoted(kind) for kind, member in family.members.items() if name in member.model_fields]
        hints.append(f"{family.discriminator} {listed(kinds)} has it" if kinds else "")
    homes = [home for home, found in sections(root, data) if home != section and name in found.model_fields]
    names = [f"[{dotted(home)}]" if home else "the top of the file" for home in homes]
    hints.append(f"`{name}` belongs to {listed(names)}" if names else "")
    known = f"known keys: {', '.join(own)}" if own else ""
    return "; ".join(filter(None, hints)) or known


def value_hint(expected: list[str], value: Any, keys: Keys, place: Place) -> str:
    """For a value of a wrong type: how to write the one that was probably meant.

    Args:
        expected: Pydantic's types of the errors, one for each type that would be right.
        value: What was found.
        keys: The way to it.
        place: Where it was written.
    """
    if expected == ["dict_type"] or expected == ["model_type"]:
        is_array_of_tables = isinstance(value, list) and all(isinstance(item, dict) for item in value)
        return f"write [{dotted(keys)}] in single brackets" if value and is_array_of_tables else ""
    meant = next((meant for kind in expected if (meant := _meant(kind, value)) is not None), None)
    if meant is None:
        return ""
    if place.source.startswith("--set "):
        return f"write --set {shlex.quote(f'{dotted(keys)}={literal(meant)}')}"
    is_item = isinstance(keys[-1], int)
    return f"write {literal(meant)}" if is_item else f"write {dotted(keys[-1:])} = {literal(meant)}"


def _meant(expected: str, value: Any) -> Any:
    """The value of the expected type that says the same; None if there is none."""
    if expected in ("int_type", "int_from_float", "float_type") and isinstance(value, str | float):
        return _number(value, whole=expected != "float_type")
    if expected == "bool_type":
        return _WORDS.get(str(value).lower())
    if expected == "string_type" and isinstance(value, int | float | datetime.date | datetime.time):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if expected == "string_type" and isinstance(value, list) and len(value) == 1:
        return value[0] if isinstance(value[0], str) else None
    if expected == "list_type" and isinstance(value, str):
        return [part.strip(" \"'") for part in value.strip("[]").split(",")]
    if expected == "list_type" and isinstance(value, int | float):
        return [value]
    return None


def _number(value: str | float, whole: bool) -> int | float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    if number.is_integer():
        return int(number)
    return None if whole or abs(number) == float("inf") else number
