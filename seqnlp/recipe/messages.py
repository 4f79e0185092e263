"""Messages for the validation errors of a recipe: pydantic's findings as plain `Fault`s, with hints."""

from __future__ import annotations

import datetime
import json
import re
import shlex
from collections.abc import Iterable, Iterator
from functools import reduce
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import tomli_w
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from seqnlp.errors import Fault
from seqnlp.recipe.document import Document, Place, dotted
from seqnlp.recipe.locate import Keys, key_parts
from seqnlp.recipe.recipe import Recipe
from seqnlp.spec import Family, Parts, Spec
from seqnlp.spelling import did_you_mean

_CHOICE = re.compile(r"'((?:\\.|[^'\\])*)'|(?<![\w'])(-?\d+)")


def validation_faults(error: ValidationError, document: Document) -> list[Fault]:
    """Convert validation errors of a document to faults, in its order."""
    groups: dict[Keys, list[ErrorDetails]] = {}
    for details in error.errors(include_url=False):
        groups.setdefault(_keys(details, document.data), []).append(details)
    placed = [(document.place(keys), keys, *_describe(keys, group, document)) for keys, group in groups.items()]
    placed.sort(key=lambda fault: fault[0])
    return [Fault(dotted(keys), problem, hint, str(place)) for place, keys, problem, hint in placed]


def add_places(faults: list[Fault], document: Document) -> list[Fault]:
    """Add the places of their keys to faults, and sort by place."""
    placed: list[tuple[Place, Fault]] = []
    for fault in faults:
        names = (name for _, name in key_parts(fault.key))
        place = document.place(tuple(int(name) if name.isdecimal() else name for name in names))
        placed.append((place, Fault(fault.key, fault.problem, fault.hint, str(place))))
    placed.sort(key=lambda pair: pair[0])
    return [fault for _, fault in placed]


def _keys(details: ErrorDetails, data: Any) -> Keys:
    """Path of the wrong setting: pydantic's, without the names of union members."""
    keys: Keys = ()
    for number, key in enumerate(details["loc"], 1):
        is_missing = details["type"] == "missing" and number == len(details["loc"])
        if is_missing or has(data, key):
            keys, data = (*keys, key), value_at(data, (key,))
    return keys


def _describe(keys: Keys, errors: list[ErrorDetails], document: Document) -> tuple[str, str]:
    """Problem and hint for one key; several errors mean that no member of a union fits."""
    details = next((error for error in errors if error["type"] in LIMITS), errors[0])
    kind, value, context = details["type"], details["input"], details.get("ctx", {})
    if kind == "missing":
        return _missing(keys, document.data)
    if kind == "extra_forbidden":
        section = class_at(Recipe, document.data, keys[:-1])
        present = section.present_name(str(keys[-1])) if section else None
        if present is not None:
            return f"this key is now `{present}`", ""
        return "unknown key", spelling_hint(Recipe, document.data, keys)
    if kind == "unknown_kind":
        choices = context["choices"]
        name = quoted(value) if isinstance(value, str) else describe_value(value)
        problem = f"unknown {context['key']} {name}; expected {join_or(map(quoted, choices))}"
        return problem, did_you_mean(str(value), choices, '"')
    if kind in LIMITS:
        limit, words = LIMITS[kind]
        amount = context.get("actual_length", describe_value(value))
        bound = f"{context[limit]:g}" if isinstance(context[limit], float) else context[limit]
        return f"{words.format(bound)}, found {amount}", ""
    if kind in ("value_error", "assertion_error"):
        return str(context["error"]), ""
    return _wrong_type(keys, errors, document)


def _missing(keys: Keys, data: dict[str, Any]) -> tuple[str, str]:
    """Problem and hint for a missing key: its kinds, or else the first sentence of its help."""
    section, name = keys[:-1], str(keys[-1])
    owner = f"[{dotted(section)}]" if section else "the recipe"
    parent, family = class_at(Recipe, data, section), family_at(Recipe, data, section)
    if family is None or name != family.discriminator:
        family = family_at(Recipe, data, keys)
    if family is not None:
        return f"{owner} needs the key `{name}`", f"one of {join_or(map(quoted, family.members))}"
    is_section = any(map(is_spec, choices_of(type_at(Recipe, data, keys))))
    needs = f"the section [{dotted(keys)}]" if is_section else f"the key `{name}`"
    help_text = parent.field_help().get(name, "") if parent else ""
    return f"{owner} needs {needs}", help_text.split(".\n")[0]


def _wrong_type(keys: Keys, errors: list[ErrorDetails], document: Document) -> tuple[str, str]:
    value = value_at(document.data, keys)
    choices: list[str] = []
    expected: list[str] = []
    for details in errors:
        if details["type"] == "literal_error":
            for text, number in _CHOICE.findall(details["ctx"]["expected"]):
                choices.append(text)
                expected.append(number or quoted(text))
        else:
            expected.append(EXPECTED.get(details["type"]) or details["msg"].removeprefix("Input should be "))
    family = family_at(Recipe, document.data, keys)
    if family is not None:
        expected.append(f"one of the kinds {join_or(map(quoted, family.members))}")
    hint = did_you_mean(value, choices, '"') if isinstance(value, str) and choices else ""
    place = document.place(keys)
    hint = hint or value_hint([details["type"] for details in errors], value, keys, place)
    return f"expected {join_or(dict.fromkeys(expected))}, found {describe_value(value)}", hint


_BOOLEANS = dict.fromkeys(("true", "yes", "on", "1"), True) | dict.fromkeys(("false", "no", "off", "0"), False)


def spelling_hint(root: type[Spec], data: Any, keys: Keys) -> str:
    """Hint for an unknown key: a similar key of the section, and other sections with this key."""
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
        hints.append(f"{family.discriminator} {join_or(kinds)} has it" if kinds else "")
    homes = [home for home, found in sections(root, data) if home != section and name in found.model_fields]
    names = [f"[{dotted(home)}]" if home else "the top of the file" for home in homes]
    hints.append(f"`{name}` belongs to {join_or(names)}" if names else "")
    known = f"known keys: {', '.join(own)}" if own else ""
    return "; ".join(filter(None, hints)) or known


def value_hint(expected: list[str], value: Any, keys: Keys, place: Place) -> str:
    """Hint for a value of a wrong type: the spelling of the value probably meant.

    `expected` has pydantic's error types, one for each type that would fit.
    """
    if expected == ["dict_type"] or expected == ["model_type"]:
        is_array_of_tables = isinstance(value, list) and all(isinstance(item, dict) for item in value)
        return f"write [{dotted(keys)}] in single brackets" if value and is_array_of_tables else ""
    meant = next((meant for kind in expected if (meant := _converted(kind, value)) is not None), None)
    if meant is None:
        return ""
    if place.source.startswith("--set "):
        return f"write --set {shlex.quote(f'{dotted(keys)}={toml_literal(meant)}')}"
    is_item = isinstance(keys[-1], int)
    return f"write {toml_literal(meant)}" if is_item else f"write {dotted(keys[-1:])} = {toml_literal(meant)}"


def _converted(expected: str, value: Any) -> Any:
    """Value converted to the expected type; None if that is not possible."""
    if expected in ("int_type", "int_from_float", "float_type") and isinstance(value, str | float):
        return _number(value, whole=expected != "float_type")
    if expected == "bool_type":
        return _BOOLEANS.get(str(value).lower())
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
"""Expected value by pydantic's error type."""

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
"""Name of the limit in the error's context, and its message, by pydantic's error type."""

_MAX_QUOTED = 60


def describe_value(value: Any) -> str:
    """Describe a value of a TOML document, for `found ...`."""
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
    return toml_literal(value)


def quoted(text: str) -> str:
    """Quote a string on one line, cut if it is long."""
    return json.dumps(text if len(text) <= _MAX_QUOTED else text[: _MAX_QUOTED - 1] + "…", ensure_ascii=False)


def join_or(words: Iterable[str]) -> str:
    """Join words as `a`, `a or b`, `a, b or c`."""
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


def toml_literal(value: Any) -> str:
    """Format a value as TOML, on one line."""
    if isinstance(value, list):
        return f"[{', '.join(map(toml_literal, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{dotted((key,))} = {toml_literal(each)}' for key, each in value.items())} }}"
    return tomli_w.dumps({"x": value}).removeprefix("x = ").strip().replace("\t", "\\t")  # TOML allows both


_DEEPEST = 6


def has(data: Any, key: str | int) -> bool:
    """Test whether a table has this key, or an array this index."""
    if isinstance(data, list):
        return isinstance(key, int) and key < len(data)
    return isinstance(data, dict) and key in data


def value_at(data: Any, keys: Keys) -> Any:
    """Value at `keys`; None where there is none."""
    return reduce(_get, keys, data)


def type_at(root: type[Spec], data: Any, keys: Keys) -> Any:
    """Annotated type at `keys`; None for an unknown key.

    The settings in `data` choose the members of families.
    """
    found: Any = root
    for key in keys:
        found = next(filter(None, (_inside(choice, key, data) for choice in choices_of(found))), None)
        data = _get(data, key)
    return found


def class_at(root: type[Spec], data: Any, keys: Keys) -> type[Spec] | None:
    """Class of the section at `keys`: for a family the member that `data` chooses, or its head."""
    value = value_at(data, keys)
    return next((_member(choice, value) for choice in choices_of(type_at(root, data, keys)) if is_spec(choice)), None)


def family_at(root: type[Spec], data: Any, keys: Keys) -> type[Family] | None:
    """Head of the family that is expected at `keys`, if any."""
    choices = choices_of(type_at(root, data, keys))
    return next(
        (choice for choice in choices if is_spec(choice) and issubclass(choice, Family) and choice.is_head()), None
    )


def sections(root: type[Spec], data: Any, keys: Keys = ()) -> Iterator[tuple[Keys, type[Spec]]]:
    """Paths and classes of all sections this recipe has or could have."""
    found = _member(root, data)
    yield keys, found
    for name, field in found.model_fields.items():
        for choice in choices_of(field.annotation):
            if is_spec(choice) and len(keys) < _DEEPEST:
                yield from sections(choice, _get(data, name), (*keys, name))


def choices_of(annotation: Any) -> list[Any]:
    """Members of a union, without None; any other type alone."""
    if get_origin(annotation) is Annotated:
        return choices_of(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return [choice for part in get_args(annotation) for choice in choices_of(part) if choice is not type(None)]
    return [annotation]


def is_spec(kind: Any) -> bool:
    """Test whether a type is the class of a section."""
    return isinstance(kind, type) and issubclass(kind, Spec)


def _inside(kind: Any, key: str | int, data: Any) -> Any:
    """Type of the item at `key` in a value of this type."""
    arguments = get_args(kind)
    if get_origin(kind) is list and isinstance(key, int):
        return arguments[0]
    if get_origin(kind) is dict and isinstance(key, str):
        return arguments[1]
    if is_spec(kind) and isinstance(key, str):
        field = _member(kind, data).model_fields.get(key)
        return field.annotation if field else None
    return None


def _member(kind: type[Spec], data: Any) -> type[Spec]:
    """Family member that a section chooses; the head where it chooses none."""
    if issubclass(kind, Parts):
        return kind.complete()
    if not (issubclass(kind, Family) and kind.is_head()):
        return kind
    name = data.get(kind.discriminator, kind.default_kind) if isinstance(data, dict) else data or kind.default_kind
    member: type[Spec] = kind.members.get(name, kind) if isinstance(name, str) else kind
    return member


def _get(data: Any, key: str | int) -> Any:
    return data[key] if has(data, key) else None
