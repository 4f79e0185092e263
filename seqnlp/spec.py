"""Typed sections of recipes.

Spec: a section, which builds its component. Family: specs discriminated by their `kind`. Parts: a section with a key
for each registered part.
"""

from __future__ import annotations

import ast
import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import pairwise
from textwrap import dedent
from typing import Any, ClassVar, Self, cast

from annotated_types import Le, Lt
from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
    ValidationInfo,
    create_model,
    field_validator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, PydanticKnownError, core_schema

from seqnlp.json_types import BareKind
from seqnlp.limits import RECIPE_INTEGER


class Spec(BaseModel):
    """Frozen, typed section of a recipe. The docstring under a field is its help text."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=True, validate_default=True)

    renamed: ClassVar[Mapping[str, str]] = {}
    """Present name of each renamed field by its former one, for the fault of a recipe with that."""

    adjustable: ClassVar[tuple[str, ...]] = ()
    """Fields that a resumed training may change: with them the same model is trained on, only further or otherwise."""

    transferable: ClassVar[tuple[str, ...]] = ()
    """Fields that may differ from those of the run that a training starts from: the same weights mean the same."""

    bare: ClassVar[tuple[str, str] | None] = None
    """Field that a bare string in place of the table stands for, and a noun phrase for it; None: it must be a table."""

    one_of: ClassVar[tuple[str, ...]] = ()
    """Optional fields of which exactly one has to be given, the usual one first."""

    some_of: ClassVar[tuple[str, ...]] = ()
    """Optional fields of which at least one has to be given, the usual one first."""

    @model_validator(mode="before")
    @classmethod
    def _from_bare(cls, value: Any) -> Any:
        return value if cls.bare is None else table_of(value, cls.bare[0])

    @model_validator(mode="after")
    def _gives_some(self) -> Self:
        if self.some_of and all(getattr(self, name) is None for name in self.some_of):
            raise ValueError(f"expected {' or '.join(map(repr, self.some_of))}, found none of them")
        return self

    @model_validator(mode="after")
    def _gives_one(self) -> Self:
        given = [name for name in self.one_of if getattr(self, name) is not None]
        if self.one_of and len(given) != 1:
            found = " and ".join(map(repr, given)) or "none of them"
            raise ValueError(f"expected either {' or '.join(map(repr, self.one_of))}, found {found}")
        return self

    @field_validator("*")
    @classmethod
    def _bounded(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse whole numbers that no machine has room or time for; a field can have another bound."""
        numbers = value if isinstance(value, list | tuple) else [value]
        if any(isinstance(number, int) and number > RECIPE_INTEGER for number in numbers):
            bounds = cls.model_fields[str(info.field_name)].metadata
            if not any(isinstance(bound, Le | Lt) for bound in bounds):
                raise PydanticKnownError("less_than_equal", {"le": RECIPE_INTEGER})
        return value

    @classmethod
    def present_name(cls, key: str) -> str | None:
        """Present name of the field once called `key`; base classes are searched too."""
        tables = (spec.renamed for spec in cls.__mro__ if issubclass(spec, Spec))
        return next((table[key] for table in tables if key in table), None)

    def architecture(self) -> dict[str, Any]:
        """Settings that decide what given weights mean, by dotted key: all but those that are `transferable`."""
        without = {name for spec in type(self).__mro__ if issubclass(spec, Spec) for name in spec.transferable}
        found: dict[str, Any] = {}
        for name, value in self:
            if name in without:
                continue
            inner = value.architecture() if isinstance(value, Spec) else None
            found |= {name: value} if inner is None else {f"{name}.{key}": each for key, each in inner.items()}
        return found

    def unused(self) -> Iterator[tuple[str, str]]:
        """Find settings without an effect beside the others of this section: keys, and reasons."""
        return iter(())

    def changed(self, *names: str) -> Iterator[str]:
        """Filter field names by values that are not the default."""
        return (name for name in names if getattr(self, name) != type(self).model_fields[name].get_default())

    def named_files(self) -> dict[str, str]:
        """Paths of the user's files in this section, by key."""
        return {}

    @classmethod
    def field_help(cls) -> dict[str, str]:
        """Help text of each field: its docstring, read from the source on demand, as that is slow."""
        texts: dict[str, str] = {}
        for spec in reversed(cls.__mro__):
            if issubclass(spec, Spec):
                texts |= _docstrings(spec)
        return {name: text for name, text in texts.items() if text and name in cls.model_fields}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        table = cls._described(handler.resolve_ref_schema(handler(schema)))
        if cls.bare is None:
            return table
        return {"oneOf": [table, {"type": "string", "description": f"A bare string: {cls.bare[1]}."}]}

    @classmethod
    def _described(cls, table: JsonSchemaValue) -> JsonSchemaValue:
        for name, text in cls.field_help().items():
            table["properties"][cls.model_fields[name].alias or name]["description"] = text
        return table


class Family(Spec, ABC):
    """Tagged union of specs; the key `discriminator` names the member.

    The head of a family is abstract: `class Encoder(Family, ABC)`; a member is a subclass of it that sets
    `kind: Literal["name"] = "name"`. A member defined later, by a plugin, is registered too. In a recipe
    a bare string stands for a table: `encoder = "gru"` is `encoder = { kind = "gru" }`.
    """

    discriminator: ClassVar[str] = "kind"
    default_kind: ClassVar[str | None] = None
    members: ClassVar[dict[str, type[Any]]]

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        if cls.is_head():
            cls.members = {}
            return
        field = cls.model_fields.get(cls.discriminator)
        if field is not None and isinstance(field.default, str):
            cls.members[field.default] = cls

    @classmethod
    def is_head(cls) -> bool:
        """True for the abstract head of a family, false for its members."""
        return globals().get("Family") in cls.__bases__  # not there yet while Family itself is made

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Validate a table, or a bare kind, as the member it names.

        Raises:
            pydantic.ValidationError: with all errors inside the table.
        """
        if isinstance(value, cls):
            return value
        key = cls.discriminator
        if isinstance(value, str):
            value = {key: value}
        if not isinstance(value, dict):
            raise PydanticCustomError("dict_type", "Input should be a table or the name of a kind")
        kind = value.get(key, cls.default_kind)
        if kind is None:
            choices = ", ".join(cls.members)
            error = PydanticCustomError("missing", "Field required: one of {choices}", {"choices": choices})
        elif isinstance(kind, str) and kind in cls.members:
            member: Self = cls.members[kind].model_validate(value)
            return member
        else:
            found = {"key": key, "kind": repr(kind), "choices": list(cls.members)}
            error = PydanticCustomError("unknown_kind", "Unknown {key} {kind}", found)
        raise ValidationError.from_exception_data(cls.__name__, [InitErrorDetails(type=error, loc=(key,), input=kind)])

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return _deferred_schema(cls.parse) if cls.is_head() else handler(source)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        if not cls.is_head():
            return super().__get_pydantic_json_schema__(schema, handler)
        tables = []
        for kind, member in sorted(cls.members.items()):
            table = member._described(handler(member.__pydantic_core_schema__))
            named = [] if kind == cls.default_kind else [cls.discriminator]
            tables.append({**table, "required": [*table.get("required", []), *named]})
        bare = {"enum": sorted(cls.members), "description": "A bare kind: its settings at their defaults."}
        return {"oneOf": [*tables, bare], "description": (cls.__doc__ or "").split("\n")[0]}


def table_of(value: Any, key: str) -> Any:
    """Convert a bare string, be it below an override, to a table.

    Args:
        value: The string, which stands for `key`; any other value is returned as it is.
        key: The key.
    """
    if isinstance(value, str):
        return {key: value}
    if isinstance(value, dict) and isinstance(value.get("kind"), BareKind):
        return {key: str(value["kind"])} | {name: each for name, each in value.items() if name != "kind"}
    return value


class Parts(Spec, ABC):
    """Section with a key for each registered part, besides its own fields.

    A part that is registered later, by a plugin, is included too. The head, a direct subclass of this one, has
    the fixed fields; `complete` adds one for each part.
    """

    @classmethod
    @abstractmethod
    def registered(cls) -> Mapping[str, type[Spec]]:
        """Registered parts by key."""

    @classmethod
    def is_head(cls) -> bool:
        """Test for the head, as opposed to a class made by `complete`."""
        return globals().get("Parts") in cls.__bases__

    @classmethod
    def complete(cls) -> type[Self]:
        """Add an optional field for each part that is registered now."""
        return cast(type[Self], _with_fields(cls, tuple(cls.registered().items()))) if cls.is_head() else cls

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Validate a table.

        Raises:
            pydantic.ValidationError: with all errors inside the table.
        """
        return value if isinstance(value, cls) else cls.complete().model_validate(value)

    @classmethod
    def field_help(cls) -> dict[str, str]:
        """Help text of each field; for a part, the first line of its docstring."""
        parts = {name: part for name, part in cls.registered().items() if name in cls.model_fields}
        return {**{name: (part.__doc__ or "").split("\n")[0] for name, part in parts.items()}, **super().field_help()}

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return _deferred_schema(cls.parse) if cls.is_head() else handler(source)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        complete = cls.complete()
        table = handler(complete.__pydantic_core_schema__ if cls.is_head() else schema)
        return complete._described(handler.resolve_ref_schema(table))


@cache
def _with_fields(head: type[Parts], parts: tuple[tuple[str, type[Spec]], ...]) -> type[Parts]:
    fields: dict[str, Any] = {name: (part | None, None) for name, part in parts}
    return create_model(head.__name__, __base__=head, __module__=head.__module__, __doc__=head.__doc__, **fields)


def _deferred_schema(parse: Callable[[Any], Spec]) -> CoreSchema:
    """Schema that defers to `parse`: members may be registered after the enclosing class."""
    return core_schema.no_info_plain_validator_function(
        parse,
        serialization=core_schema.plain_serializer_function_ser_schema(lambda spec: spec.model_dump(exclude_none=True)),
    )


@cache
def _docstrings(spec: type[Spec]) -> dict[str, str]:
    """Docstrings below the fields that a class itself declares; empty where there is none."""
    try:
        definition, *others = ast.parse(dedent(inspect.getsource(spec))).body
    except (OSError, TypeError, SyntaxError, ValueError):  # there is no source, as in a notebook that has moved on
        return {}
    if others or not isinstance(definition, ast.ClassDef):  # the file has changed since
        return {}
    texts = {}
    for field, below in pairwise([*definition.body, ast.Pass()]):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            texts[field.target.id] = ""
            if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
                texts[field.target.id] = inspect.cleandoc(str(below.value.value))
    return texts
