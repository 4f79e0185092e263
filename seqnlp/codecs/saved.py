"""Schemas of the JSON of codecs."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from seqnlp.errors import RunError
from seqnlp.json_types import LARGEST, JsonObject, shown


class SavedCodec(BaseModel):
    """Schema of a codec's JSON: its keys, their types and ranges, and what has to agree."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """Parse an object.

        Raises:
            seqnlp.errors.RunError: naming its file, the key, the value found and the one expected.
        """
        try:
            return cls.model_validate(dict(data))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            problem = first["msg"].removeprefix("Value error, ").replace("Input should be", "expected")
            problem = problem[0].lower() + problem[1:]
            found = "" if first["type"] in ("missing", "value_error") else f", found {shown(first['input'])}"
            raise damaged(data, problem + found, ".".join(map(str, first["loc"]))) from None


def damaged(data: Mapping[str, Any], problem: str, key: str = "") -> RunError:
    """Error about damaged JSON of a codec, with file and key."""
    file, outer = (data.file, data.key) if isinstance(data, JsonObject) else (None, "")
    return RunError(": ".join(filter(None, ["damaged", ".".join(filter(None, [outer, key])), problem])), file)


def check_settings(data: Mapping[str, Any], found: Mapping[str, Any], recipe: Mapping[str, Any]) -> None:
    """Check that the settings in a codec are those of its recipe.

    Raises:
        seqnlp.errors.RunError: naming the first one that differs.
    """
    for key, value in recipe.items():
        if found[key] != value:
            raise damaged(data, f"expected {shown(value)}, as in the recipe, found {shown(found[key])}", key)


T = TypeVar("T")


def all_different(items: Sequence[T]) -> Sequence[T]:
    """Check that no item of a list occurs twice: each is the name of one number."""
    if len(set(items)) < len(items):
        seen: set[T] = set()
        number = next(number for number, item in enumerate(items) if item in seen or seen.add(item))  # type: ignore[func-returns-value]
        raise ValueError(f"expected each entry once, found {shown(items[number])} again at {number}")
    return items


def _single(items: Sequence[str]) -> Sequence[str]:
    for number, item in enumerate(items):
        if len(item) != 1:
            raise ValueError(f"expected single characters, found {shown(item)} at {number}")
    return items


def check_utf8(items: Sequence[str]) -> Sequence[str]:
    """Check that each text can be written in UTF-8: lone surrogates can't."""
    for number, item in enumerate(items):
        try:
            item.encode()
        except UnicodeEncodeError:
            raise ValueError(f"expected text, found {shown(item)} at {number}, which no UTF-8 spells") from None
    return items


Distinct = Annotated[list[str], AfterValidator(all_different)]
"""Texts, each once."""

SingleCharacters = Annotated[Distinct, AfterValidator(_single)]
"""Characters, each once."""

Utf8 = AfterValidator(check_utf8)

Count = Annotated[int, Field(ge=0, le=LARGEST)]
