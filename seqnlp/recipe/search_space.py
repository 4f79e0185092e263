"""Search space of a recipe: its section `[search]`, in which every value is checked in its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, final

from pydantic import ValidationError

from seqnlp.errors import Fault, RecipeError
from seqnlp.recipe.document import Document, Place, dotted
from seqnlp.recipe.locate import Keys
from seqnlp.recipe.messages import (
    add_places,
    choices_of,
    class_at,
    describe_value,
    is_spec,
    toml_literal,
    type_at,
    validation_faults,
    value_at,
)
from seqnlp.recipe.recipe import Data, Recipe
from seqnlp.spelling import did_you_mean

SECTION = "search"
RANGE = ("low", "high", "log", "step")
FORMS = (*RANGE, "choices", "when")
"""Keys of a table of candidates; no section of a recipe has one of them."""
FORM_HINT = "choices are an array, [64, 128]; a range is { low = 0.001, high = 0.1, log = true }"
LUCK = "a search over seeds keeps the luckiest; `seqnlp train --seeds` tells how much they differ"
MEASURED = "it decides what is measured on dev, so that trials could not be compared"
Number = int | float


@final
@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included."""

    low: Number
    high: Number
    log: bool = False
    """Draw the logarithm uniformly."""
    step: Number | None = None

    @property
    def whole(self) -> bool:
        """True for whole numbers."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    def __contains__(self, value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        if self.whole and not isinstance(value, int):
            return False
        on_step = self.step is None or _is_multiple(value - self.low, self.step)
        return self.low <= value <= self.high and on_step


@final
@dataclass(frozen=True)
class Dimension:
    """A key to search, with its candidates."""

    key: str
    """Dotted key, for instance `encoder.size`."""
    candidates: tuple[Any, ...] | Range
    when: Mapping[str, tuple[Any, ...]]
    """Values that other keys of the space must have; else the key keeps the value of the recipe."""

    def is_active(self, chosen: Mapping[str, Any]) -> bool:
        """Test whether the key is searched, given the values chosen for others."""
        return all(key in chosen and chosen[key] in allowed for key, allowed in self.when.items())

    def to_json(self) -> dict[str, Any]:
        """Convert to a JSON object."""
        found: dict[str, Any] = {"key": self.key}
        if isinstance(self.candidates, Range):
            bounds = self.candidates
            found |= {"low": bounds.low, "high": bounds.high, "log": bounds.log, "step": bounds.step}
        else:
            found["choices"] = list(self.candidates)
        return found | {"when": {key: list(values) for key, values in self.when.items()}}


@final
@dataclass(frozen=True)
class Space:
    """Keys to search, each after those that its conditions name."""

    dimensions: tuple[Dimension, ...] = ()

    def to_json(self) -> list[dict[str, Any]]:
        """Convert to a JSON array."""
        return [dimension.to_json() for dimension in self.dimensions]

    def settings(self, chosen: Mapping[str, Any]) -> list[str]:
        """Values chosen by key, as overrides of the recipe, `key=value`."""
        return [f"{key}={toml_literal(value)}" for key, value in chosen.items()]

    def own_values(self, recipe: Recipe, document: Document) -> dict[str, Any] | None:
        """Values that a recipe has itself; None where one is no candidate.

        Args:
            recipe: The recipe.
            document: Its settings as they are written.
        """
        resolved, found = recipe.model_dump(), dict[str, Any]()
        for dimension in self.dimensions:
            if not dimension.is_active(found):
                continue
            keys = tuple(dimension.key.split("."))
            if isinstance(bounds := dimension.candidates, Range):
                value = value_at(resolved, keys)
                value = float(value) if type(value) is int and not bounds.whole else value
                value = value if value in bounds else None
            else:
                same = (each for each in bounds if Recipe.parse(_with(document, {keys: each}).data) == recipe)
                value = next(same, None)
            if value is None:
                return None
            found[dimension.key] = value
        return found


@dataclass(frozen=True)
class _Entry:
    """Candidates of a key as they are written."""

    path: Keys
    """Path in the file, under `search`."""
    keys: Keys
    """Path of the key in a recipe."""
    value: Any

    @property
    def key(self) -> str:
        return ".".join(map(str, self.keys))


def take_space(document: Document) -> Any:
    """Remove the search space from a document, and return it.

    Translators and transcribers have a section `[search]` of their own, for beam search: there only the keys that name
    a section of a recipe are of the search space.
    """
    section = document.data.get(SECTION)
    task = document.data.get("task")
    recipe = Recipe.members.get(task) if isinstance(task, str) else None
    if section is None or recipe is None:
        return {}
    if SECTION not in recipe.model_fields:
        return document.data.pop(SECTION)
    if not isinstance(section, dict):
        return {}
    names = [name for name in section if name.split(".")[0] in recipe.model_fields and name != SECTION]
    return {name: section.pop(name) for name in names}


def check_space(raw: Any, document: Document) -> Space:
    """Check a search space over a valid document.

    Each candidate is tried in its place, with the conditions of its key met.

    Args:
        raw: What `take_space` has returned.
        document: The settings of the recipe; its places are also those of the search space.

    Raises:
        seqnlp.errors.RecipeError: with every fault in it.
    """
    if not isinstance(raw, dict):
        fault = Fault(SECTION, f"expected a table of keys to search, found {describe_value(raw)}", FORM_HINT)
        raise RecipeError(add_places([fault], document))
    return _Checker(document).check(raw)


@final
class _Checker:
    """Checks of one search space; all faults are collected."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.found: dict[tuple[str, str], Fault] = {}

    def check(self, raw: Mapping[str, Any]) -> Space:
        entries = self._distinct(list(self._entries(raw, (SECTION,), ())))
        found = {entry.key: (entry, each) for entry in entries if (each := self._dimension(entry)) is not None}
        dimensions = {key: each for key, (_, each) in found.items()}
        sound = {key for key, (entry, each) in found.items() if self._has_conditions(entry, each, dimensions)}
        ordered = self._ordered({key: each for key, each in dimensions.items() if sound.issuperset({key, *each.when})})
        checked = [self._tried(found[key][0], each, ordered) for key, each in ordered.items()]
        if self.found:
            raise RecipeError(sorted(self.found.values(), key=lambda fault: fault.spot or ("", 0, 0)))
        return Space(tuple(checked))

    def _fault(self, path: Keys, problem: str, hint: str = "") -> None:
        key = dotted(path) if all("." not in str(name) for name in path) else ".".join(map(str, path))
        self.found.setdefault((key, problem), Fault(key, problem, hint, str(self.document.place(path))))

    def _entries(self, table: Mapping[str, Any], path: Keys, keys: Keys) -> Iterator[_Entry]:
        for name, value in table.items():
            entry = _Entry((*path, name), (*keys, *name.split(".")), value)
            known = type_at(Recipe, self.document.data, entry.keys)
            leaf = known is not None and not any(map(is_spec, choices_of(known)))
            if isinstance(value, dict) and value and not leaf and not set(value) & set(FORMS):
                yield from self._entries(value, entry.path, entry.keys)
            else:
                yield entry

    def _distinct(self, entries: Sequence[_Entry]) -> list[_Entry]:
        """Filter entries by keys that may be searched, each only once."""
        kept: list[_Entry] = []
        for entry in entries:
            reason = self._reason_against(entry.keys)
            other = next((each for each in kept if _is_inside(entry.keys, each.keys)), None)
            if reason:
                self._fault(entry.path, "can't be searched", reason)
            elif other is not None:
                inner, outer = sorted((entry, other), key=lambda each: -len(each.keys))
                problem = f"searched twice: {inner.key} is " + (
                    "there already" if inner.keys == outer.keys else f"inside of {outer.key}"
                )
                self._fault(entry.path, problem, "keep one of them")
            else:
                kept.append(entry)
        return kept

    def _reason_against(self, keys: Keys) -> str:
        first, *rest = map(str, keys)
        if first == "seed":
            return LUCK
        if first in ("task", "plugins"):
            return "a search is of one task, with the same plugins"
        if first == "data" and not rest:
            return f"keys of it can be; as a whole {MEASURED}"
        section = class_at(Recipe, self.document.data, ("data",))
        if first == "data" and section is not None and issubclass(section, Data) and rest[0] in section.measured:
            return MEASURED
        return MEASURED if keys == ("training", "metric") else ""

    def _dimension(self, entry: _Entry) -> Dimension | None:
        """Candidates of a key, not yet tried."""
        value, path = entry.value, entry.path
        if isinstance(value, list):
            return self._choices(entry, path, value, {})
        if not isinstance(value, dict) or not value:
            name = entry.key
            example = f"{name} = [{toml_literal(value)}, ...]" if value != {} else f"{name} = [...]"
            self._fault(path, f"expected an array of choices or a range, found {describe_value(value)}", example)
            return None
        unknown = [name for name in value if name not in FORMS]
        for name in unknown:
            hint = did_you_mean(name, FORMS) or f"known keys: {', '.join(FORMS)}"
            self._fault((*path, name), "unknown key of a range or choices", hint)
        if unknown:
            return None
        when = self._when(value.get("when", {}), (*path, "when"))
        if "choices" in value:
            for name in RANGE:
                if name in value:
                    self._fault((*path, name), "choices have no range", "keep one of them")
            if not isinstance(value["choices"], list):
                found = describe_value(value["choices"])
                self._fault((*path, "choices"), f"expected an array, found {found}", "choices = [64, 128]")
                return None
            return self._choices(entry, (*path, "choices"), value["choices"], when)
        return self._range(entry, value, when)

    def _choices(
        self, entry: _Entry, path: Keys, values: list[Any], when: Mapping[str, tuple[Any, ...]]
    ) -> Dimension | None:
        if len(values) < 2:
            problem = f"expected two choices or more, found {len(values)}"
            self._fault(path, problem, "a single value belongs into its own section")
            return None
        literals = list(map(toml_literal, values))
        for number, literal in enumerate(literals):
            if literal in literals[:number]:
                self._fault((*path, number), f"{literal} is there twice", "keep one of them")
        return Dimension(entry.key, tuple(values), when)

    def _range(self, entry: _Entry, value: Mapping[str, Any], when: Mapping[str, tuple[Any, ...]]) -> Dimension | None:
        before, path = len(self.found), entry.path
        for name in ("low", "high"):
            if name not in value:
                self._fault(path, f"a range needs `{name}`", FORM_HINT)
        numbers = {name: value[name] for name in ("low", "high", "step") if name in value}
        for name, number in numbers.items():
            if isinstance(number, bool) or not isinstance(number, int | float) or abs(number) == float("inf"):
                self._fault((*path, name), f"expected a number, found {describe_value(number)}")
        log = value.get("log", False)
        if not isinstance(log, bool):
            self._fault((*path, "log"), f"expected true or false, found {describe_value(log)}")
        if len(self.found) > before:
            return None
        low, high, step = value["low"], value["high"], value.get("step")
        if not low < high:
            self._fault((*path, "high"), f"must be greater than low = {low}, found {high}")
        if log and low <= 0:
            self._fault((*path, "low"), f"must be greater than 0 for log = true, found {low}")
        if step is not None and log:
            self._fault((*path, "step"), "a logarithmic range has no step", "leave one of them out")
        elif step is not None and step <= 0:
            self._fault((*path, "step"), f"must be greater than 0, found {step}")
        elif step is not None and low < high and not _is_multiple(high - low, step):
            last = low + (high - low) // step * step
            nearest = toml_literal(round(last, 12) if isinstance(last, float) else last)
            self._fault((*path, "high"), f"no whole number of steps of {step} from low = {low}", f"high = {nearest}")
        return Dimension(entry.key, Range(low, high, log, step), when) if len(self.found) == before else None

    def _when(self, value: Any, path: Keys) -> dict[str, tuple[Any, ...]]:
        """Conditions by key, each with the values that meet it."""
        if not isinstance(value, dict):
            hint = 'when = { "encoder.kind" = "lstm" }'
            self._fault(path, f"expected a table of keys and their values, found {describe_value(value)}", hint)
            return {}
        found: dict[str, tuple[Any, ...]] = {}

        def visit(table: Mapping[str, Any], before: str) -> None:
            for name, inner in table.items():
                if isinstance(inner, dict):
                    visit(inner, f"{before}{name}.")
                else:
                    found[f"{before}{name}"] = tuple(inner) if isinstance(inner, list) else (inner,)

        visit(value, "")
        return found

    def _has_conditions(self, entry: _Entry, dimension: Dimension, others: Mapping[str, Dimension]) -> bool:
        """Check that the conditions of a key can be met."""
        before = len(self.found)
        for key, allowed in dimension.when.items():
            path = self._condition_path(entry, key)
            other = others.get(key)
            if other is None or key == dimension.key:
                hint = did_you_mean(key, others) or f"conditions are on keys of [search]: {', '.join(others)}"
                self._fault(path, f"no condition can be on {key!r}, which is not searched", hint)
            elif isinstance(other.candidates, Range):
                self._fault(path, f"a condition is on choices, but {key} has a range", f"{key} = [...]")
            else:
                choices = list(map(toml_literal, other.candidates))
                for value in map(toml_literal, allowed):
                    if value not in choices:
                        hint = did_you_mean(value, choices, "") or f"they are {', '.join(choices)}"
                        self._fault(path, f"{value} is none of the choices of {key}", hint)
        return len(self.found) == before

    def _condition_path(self, entry: _Entry, key: str) -> Keys:
        whole = (*entry.path, "when", key)
        return whole if whole in self.document.places else (*entry.path, "when", *key.split("."))

    def _ordered(self, dimensions: Mapping[str, Dimension]) -> dict[str, Dimension]:
        """Dimensions, each after those of its conditions."""
        ordered: dict[str, Dimension] = {}
        left = dict(dimensions)
        while left:
            ready = [key for key, each in left.items() if all(other in ordered for other in each.when)]
            if not ready:
                circle = ", ".join(left)
                self._fault((SECTION,), f"conditions lead in a circle: {circle}", "leave one of them out")
                return {}
            ordered |= {key: left.pop(key) for key in ready[:1]}
        return ordered

    def _tried(self, entry: _Entry, dimension: Dimension, others: Mapping[str, Dimension]) -> Dimension:
        """Try the candidates of a key; the bounds of a key of fractions become fractions."""
        conditions = _met(dimension, others)
        candidates = dimension.candidates
        if isinstance(candidates, Range):
            data = self._with(conditions, entry, candidates.low)
            types = choices_of(type_at(Recipe, data.data, entry.keys)) if data is not None else []
            if float in types and int not in types:
                step = None if candidates.step is None else float(candidates.step)
                candidates = replace(candidates, low=float(candidates.low), high=float(candidates.high), step=step)
            tried: list[tuple[Keys, Any]] = [((*entry.path, "low"), candidates.low)]
            tried.append(((*entry.path, "high"), candidates.high))
        else:
            path = entry.path if isinstance(entry.value, list) else (*entry.path, "choices")
            tried = [((*path, number), value) for number, value in enumerate(candidates)]
        for path, value in tried:
            self._try(conditions, entry, path, value)
        return replace(dimension, candidates=candidates)

    def _try(self, conditions: Mapping[str, Any], entry: _Entry, path: Keys, value: Any) -> None:
        """Collect the faults of a recipe with this value."""
        document = self._with(conditions, entry, value)
        if document is None:
            self._fault(entry.path, "unknown key", "an array has numbered items, which are there")
            return
        try:
            recipe = Recipe.parse(document.data)
            faults = [*recipe.faults(), *recipe.unused_settings()]
        except ValidationError as error:
            faults = validation_faults(error, document)
        own = dotted(entry.keys)
        given = [f"{key} = {toml_literal(each)}" for key, each in conditions.items()]
        for fault in faults:
            hint = fault.hint
            if fault.problem.startswith("no effect"):
                hint = "leave it out, or say when it has one: when = { KEY = VALUE }"
            if fault.key == own or fault.key.startswith(f"{own}.") or own.startswith(f"{fault.key}."):
                problem = fault.problem if fault.key == own else f"{fault.key}: {fault.problem}"
                beside = f" (with {', '.join(given)})" if given else ""
            else:
                values = ", ".join([*given, f"{own} = {toml_literal(value)}"])
                problem, beside = f"with {values}: {fault.key}: {fault.problem}", ""
            self._fault(entry.path if fault.problem == "unknown key" else path, problem + beside, hint)

    def _with(self, conditions: Mapping[str, Any], entry: _Entry, value: Any) -> Document | None:
        """Document with values set; None if there is no such place in it."""
        values: dict[Keys, Any] = {tuple(key.split(".")): each for key, each in conditions.items()}
        try:
            return _with(self.document, {**values, entry.keys: value}, self.document.place(entry.path))
        except IndexError:
            return None


def _with(document: Document, values: Mapping[Keys, Any], place: Place | None = None) -> Document:
    """Copy of a document with other values; an `IndexError` for an item that an array does not have."""
    changed = Document(document.source, deepcopy(document.data), dict(document.places))
    for keys, value in values.items():
        changed.assign(keys, deepcopy(value), {keys: place or document.place(keys)})
    return changed


def _met(dimension: Dimension, others: Mapping[str, Dimension]) -> dict[str, Any]:
    """Values that meet the conditions of a key, also indirect ones."""
    found: dict[str, Any] = {}
    for key, allowed in dimension.when.items():
        found |= _met(others[key], others)
        found[key] = allowed[0]
    return found


def _is_inside(one: Keys, other: Keys) -> bool:
    """True if one of two paths contains the other."""
    shared = min(len(one), len(other))
    return one[:shared] == other[:shared]


def _is_multiple(distance: Number, step: Number) -> bool:
    steps = distance / step
    return abs(steps - round(steps)) < 1e-9 * max(abs(steps), 1)
