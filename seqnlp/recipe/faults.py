"""What pydantic finds wrong with a recipe, in the words of someone who writes recipes."""

from __future__ import annotations

import re
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from seqnlp.errors import Fault
from seqnlp.recipe.document import Document, Place, dotted
from seqnlp.recipe.hints import spelling_hint, value_hint
from seqnlp.recipe.locate import Keys, key_parts
from seqnlp.recipe.recipe import Recipe
from seqnlp.recipe.sections import choices_of, class_at, family_at, has, is_spec, type_at, value_at
from seqnlp.recipe.wording import EXPECTED, LIMITS, found, listed, quoted
from seqnlp.spelling import did_you_mean

_CHOICE = re.compile(r"'((?:\\.|[^'\\])*)'|(?<![\w'])(-?\d+)")


def explain(error: ValidationError, document: Document) -> list[Fault]:
    """Say what is wrong, in the order in which the keys are written.

    Args:
        error: What `Recipe.parse` raised.
        document: What it was given.
    """
    groups: dict[Keys, list[ErrorDetails]] = {}
    for details in error.errors(include_url=False):
        groups.setdefault(_keys(details, document.data), []).append(details)
    placed = [(document.place(keys), keys, *_say(keys, group, document)) for keys, group in groups.items()]
    placed.sort(key=lambda fault: fault[0])
    return [Fault(dotted(keys), problem, hint, str(place)) for place, keys, problem, hint in placed]


def add_places(faults: list[Fault], document: Document) -> list[Fault]:
    """Say where the keys of faults are written, and put them in that order."""
    placed: list[tuple[Place, Fault]] = []
    for fault in faults:
        names = (name for _, name in key_parts(fault.key))
        place = document.place(tuple(int(name) if name.isdecimal() else name for name in names))
        placed.append((place, Fault(fault.key, fault.problem, fault.hint, str(place))))
    placed.sort(key=lambda pair: pair[0])
    return [fault for _, fault in placed]


def _keys(details: ErrorDetails, data: Any) -> Keys:
    """The way to what is wrong. Pydantic's own also holds names of the types that it tried."""
    keys: Keys = ()
    for number, key in enumerate(details["loc"], 1):
        is_missing = details["type"] == "missing" and number == len(details["loc"])
        if is_missing or has(data, key):
            keys, data = (*keys, key), value_at(data, (key,))
    return keys


def _say(keys: Keys, errors: list[ErrorDetails], document: Document) -> tuple[str, str]:
    """The problem at a key and a hint; several errors mean that none of several types fits."""
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
        name = quoted(value) if isinstance(value, str) else found(value)
        problem = f"unknown {context['key']} {name}; expected {listed(map(quoted, choices))}"
        return problem, did_you_mean(str(value), choices, '"')
    if kind in LIMITS:
        limit, words = LIMITS[kind]
        amount = context.get("actual_length", found(value))
        bound = f"{context[limit]:g}" if isinstance(context[limit], float) else context[limit]
        return f"{words.format(bound)}, found {amount}", ""
    if kind in ("value_error", "assertion_error"):
        return str(context["error"]), ""
    return _wrong_type(keys, errors, document)


def _missing(keys: Keys, data: dict[str, Any]) -> tuple[str, str]:
    """A key that must be there, with the kinds to choose from or else the first sentence of its help."""
    section, name = keys[:-1], str(keys[-1])
    owner = f"[{dotted(section)}]" if section else "the recipe"
    parent, family = class_at(Recipe, data, section), family_at(Recipe, data, section)
    if family is None or name != family.discriminator:
        family = family_at(Recipe, data, keys)
    if family is not None:
        return f"{owner} needs the key `{name}`", f"one of {listed(map(quoted, family.members))}"
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
        expected.append(f"one of the kinds {listed(map(quoted, family.members))}")
    hint = did_you_mean(value, choices, '"') if isinstance(value, str) and choices else ""
    place = document.place(keys)
    hint = hint or value_hint([details["type"] for details in errors], value, keys, place)
    return f"expected {listed(dict.fromkeys(expected))}, found {found(value)}", hint
