"""Classes of the sections of a recipe, valid or not."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from seqnlp.recipe.locate import Keys
from seqnlp.spec import Family, Parts, Spec

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
