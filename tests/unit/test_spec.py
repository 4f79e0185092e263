import json
from abc import ABC
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

import pytest
from jsonschema import Draft202012Validator
from pydantic import Field, ValidationError

from seqnlp.spec import Family, Spec


class Shape(Family, ABC):
    """Another family, with a discriminator of its own and nothing by default."""

    discriminator: ClassVar[str] = "form"


class Square(Shape):
    form: Literal["square"] = "square"
    side: float = 1.0


class Middle(Shape, ABC):
    """Has no kind: neither a head nor a member."""

    weight: float = 1.0


class Circle(Middle):
    form: Literal["circle"] = "circle"


class Animal(Family, ABC):
    """Something that moves.

    Details that a list of kinds has no room for.
    """

    default_kind: ClassVar[str | None] = "cat"
    name: str = "nobody"


class Cat(Animal):
    """A cat."""

    kind: Literal["cat"] = "cat"
    lives: Annotated[int, Field(ge=1)] = 9
    """How often it can fall."""


class Dog(Animal):
    """A dog."""

    kind: Literal["dog"] = "dog"
    home: Shape | None = None


class Zoo(Spec):
    keeper: str
    animal: Animal = Cat()
    others: list[Animal] = []
    fence: Shape | None = None


@pytest.fixture
def bird() -> Iterator[type[Animal]]:
    """A member that is defined late, as plugins do, and forgotten again."""

    class Bird(Animal):
        kind: Literal["bird"] = "bird"
        wings: int = 2

    yield Bird
    del Animal.members["bird"]


def faults(value: dict[str, Any]) -> list[tuple[tuple[str | int, ...], str]]:
    with pytest.raises(ValidationError) as caught:
        Zoo.model_validate(value)
    return [(error["loc"], error["type"]) for error in caught.value.errors()]


def test_a_family_knows_its_own_members() -> None:
    assert Animal.members == {"cat": Cat, "dog": Dog}
    assert Shape.members == {"square": Square, "circle": Circle}
    assert [cls.is_head() for cls in (Animal, Shape, Cat, Middle, Circle, Family)] == [True, True, *[False] * 4]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("dog", Dog()),
        ({"kind": "dog"}, Dog()),
        ({"kind": "dog", "home": "circle"}, Dog(home=Circle())),
        ({"kind": "dog", "home": {"form": "square", "side": 2.0}}, Dog(home=Square(side=2.0))),
        ({}, Cat()),
        ({"lives": 3}, Cat(lives=3)),
        (Cat(lives=2), Cat(lives=2)),
    ],
)
def test_a_table_or_a_bare_kind_is_a_member(written: Any, meant: Animal) -> None:
    assert Zoo.model_validate({"keeper": "Kim", "animal": written}).animal == meant
    assert Animal.parse(written) == meant
    assert type(Animal.parse(written)) is type(meant)


def test_members_stand_in_lists_and_behind_none() -> None:
    zoo = Zoo.model_validate({"keeper": "Kim", "others": ["dog", {"lives": 1}], "fence": "circle"})
    assert zoo.others == [Dog(), Cat(lives=1)]
    assert zoo.fence == Circle()


def test_the_keys_of_members_are_named_in_full() -> None:
    assert faults({"keeper": "Kim", "animal": {"lives": 0, "legs": 4}}) == [
        (("animal", "lives"), "greater_than_equal"),
        (("animal", "legs"), "extra_forbidden"),
    ]
    assert faults(
        {"animal": {"kind": "dog", "home": {"form": "square", "side": "long"}}, "others": ["cat", {"name": 1}]}
    ) == [(("keeper",), "missing"), (("animal", "home", "side"), "float_type"), (("others", 1, "name"), "string_type")]


@pytest.mark.parametrize("kind", ["cow", "", "Cat", 7, None, ["cat"]])
def test_an_unknown_kind_comes_with_the_choices(kind: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        Zoo.model_validate({"keeper": "Kim", "animal": {"kind": kind}})
    (error,) = caught.value.errors()
    assert error["loc"] == ("animal", "kind")
    assert error["type"] in ("unknown_kind", "missing")
    assert "cat" in error["ctx"]["choices"]
    assert "dog" in error["ctx"]["choices"]


@pytest.mark.parametrize("value", [7, 1.5, True, ["cat"]])
def test_spec_refuses_what_is_no_table(value: Any) -> None:
    assert faults({"keeper": "Kim", "animal": value}) == [(("animal",), "dict_type")]


def test_a_family_without_default_asks_for_the_kind() -> None:
    assert faults({"keeper": "Kim", "fence": {}}) == [(("fence", "form"), "missing")]
    assert faults({"keeper": "Kim", "fence": "triangle"}) == [(("fence", "form"), "unknown_kind")]


def test_a_family_does_not_take_the_member_of_another() -> None:
    assert faults({"keeper": "Kim", "animal": Square()}) == [(("animal",), "dict_type")]


def test_a_late_member_is_known_from_then_on(bird: type[Animal]) -> None:
    wings = bird.model_validate({"kind": "bird", "wings": 1})
    assert Zoo.model_validate({"keeper": "Kim", "animal": {"kind": "bird", "wings": 1}}).animal == wings
    assert Zoo.model_validate({"keeper": "Kim", "animal": "bird"}).animal == bird()
    assert faults({"keeper": "Kim", "animal": {"kind": "bird", "wings": "two"}}) == [(("animal", "wings"), "int_type")]
    assert Draft202012Validator(Zoo.model_json_schema()).is_valid({"keeper": "Kim", "animal": {"kind": "bird"}})


class Cage(Spec):
    """A place for animals."""

    size: float = 1.0
    """In square metres."""
    roofed: bool = True
    """Whether rain stays out."""


class Aviary(Cage):
    size: float = 9.0
    nests: int = 0
    """How many birds can breed.

    None in most zoos.
    """
    built_for: ClassVar[str] = "birds"
    """No field."""


def test_the_docstrings_under_fields_are_their_help() -> None:
    assert Cat.field_help() == {"lives": "How often it can fall."}
    assert Aviary.field_help() == {
        "roofed": "Whether rain stays out.",
        "nests": "How many birds can breed.\n\nNone in most zoos.",
    }, "its own `size` has none"
    properties = Aviary.model_json_schema()["properties"]
    assert {name: field.get("description", "") for name, field in properties.items()} == {
        "size": "",
        **Aviary.field_help(),
    }


def test_a_class_without_source_has_no_help() -> None:
    made = type("Made", (Spec,), {"__annotations__": {"size": int}, "__module__": __name__, "size": 1})
    assert made.field_help() == {}  # type: ignore[attr-defined]


def test_specs_are_strict_and_frozen() -> None:
    assert faults({"keeper": "Kim", "animal": {"lives": "9"}}) == [(("animal", "lives"), "int_type")]
    with pytest.raises(ValidationError, match="frozen"):
        Cat().lives = 3  # type: ignore[misc]


def test_dumped_specs_can_be_parsed() -> None:
    zoo = Zoo(keeper="Kim", animal=Dog(home=Circle(weight=2.0)), others=[Cat()], fence=Square(side=2.0))
    dumped = zoo.model_dump(exclude_none=True)
    assert dumped["animal"] == {"kind": "dog", "name": "nobody", "home": {"form": "circle", "weight": 2.0}}
    assert dumped["fence"] == {"form": "square", "side": 2.0}
    assert Zoo.model_validate(dumped) == zoo
    assert Zoo.model_validate(json.loads(json.dumps(dumped))) == zoo


SCHEMA_CASES: list[tuple[dict[str, Any], bool]] = [
    ({"keeper": "Kim"}, True),
    ({"keeper": "Kim", "animal": "cat"}, True),
    ({"keeper": "Kim", "animal": {}}, True),
    ({"keeper": "Kim", "animal": {"lives": 3}}, True),
    ({"keeper": "Kim", "animal": {"name": "Tom"}}, True),
    ({"keeper": "Kim", "animal": {"kind": "dog", "home": "square"}}, True),
    ({"keeper": "Kim", "animal": {"kind": "dog", "home": {"form": "square"}}, "others": ["cat", {}]}, True),
    ({"keeper": "Kim", "fence": {"form": "circle"}}, True),
    ({}, False),
    ({"keeper": "Kim", "animal": "cow"}, False),
    ({"keeper": "Kim", "animal": {"kind": "cow"}}, False),
    ({"keeper": "Kim", "animal": {"lives": 0}}, False),
    ({"keeper": "Kim", "animal": {"lives": "9"}}, False),
    ({"keeper": "Kim", "animal": {"kind": "dog", "lives": 3}}, False),
    ({"keeper": "Kim", "animal": {"kind": "dog", "home": {"side": 3.0}}}, False),
    ({"keeper": "Kim", "animal": 7}, False),
    ({"keeper": "Kim", "fence": {"side": 2.0}}, False),
    ({"keeper": "Kim", "zookeeper": "Kim"}, False),
]


def is_parsed(value: dict[str, Any]) -> bool:
    try:
        Zoo.model_validate(value)
    except ValidationError:
        return False
    return True


def test_the_json_schema_says_what_the_parser_says() -> None:
    schema = Draft202012Validator(Zoo.model_json_schema())
    found = [(value, is_parsed(value), schema.is_valid(value)) for value, _ in SCHEMA_CASES]
    assert found == [(value, right, right) for value, right in SCHEMA_CASES]


def test_the_json_schema_helps_people() -> None:
    schema = Zoo.model_json_schema()
    Draft202012Validator.check_schema(schema)
    text = json.dumps(schema)
    for words in ("Something that moves.", "A cat.", "How often it can fall."):
        assert words in text
    assert "Details that" not in text


class Renamed(Spec):
    """With another name in recipes."""

    inside: int = Field(1, alias="outside")
    """Told under its name in recipes."""


def test_a_field_with_an_alias_is_described() -> None:
    assert Renamed.model_json_schema()["properties"]["outside"]["description"] == "Told under its name in recipes."
