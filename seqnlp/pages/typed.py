"""Types of recipes in Python: `seqnlp/tasks/typed_recipe.py`, written from the specs as the key reference is."""

from __future__ import annotations

from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, final, get_args, get_origin

from seqnlp.recipe import Recipe
from seqnlp.spec import Family, Parts, Spec
from seqnlp.tasks.registry import import_tasks, known_tasks

FILE = Path(__file__).parents[1] / "tasks" / "typed_recipe.py"
OWN = "seqnlp."
"""Beginning of the modules of built-in sections."""
PLAIN = {str: "str", int: "int", float: "float", bool: "bool", NoneType: "None"}
HEAD = '''"""Recipes in Python with types for every key, by `python -m seqnlp.pages`; not to be edited."""
# ruff: noqa
# fmt: off

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Required, TypeAlias, TypedDict, Unpack, final

from seqnlp.tasks.recipe_settings import RecipeSettings

if TYPE_CHECKING:
'''
CLASS = '''

@final
class Recipe(RecipeSettings):
    """Recipe in Python: `Recipe.classify(encoder={"kind": "gru", "size": 64})`, validated at once.

    Keys and values are those of a recipe file. A section is a dictionary, the name of a kind, or a spec, such as
    `seqnlp.encoders.Gru(size=64)`; a key that is None is left out.
    """
'''


@final
class Types:
    """Typed dictionaries of all sections, each written once."""

    def __init__(self) -> None:
        self.written: dict[str, str] = {}
        """Code by the name of the type."""
        self.imports: set[tuple[str, str]] = set()
        """Modules and names of specs."""
        self._names: dict[type[Spec], str] = {}

    def of(self, annotation: Any) -> str:
        """Spell the type of a value in Python."""
        origin, arguments = get_origin(annotation), get_args(annotation)
        if annotation in PLAIN:
            return PLAIN[annotation]
        if origin is Annotated:
            return self.of(arguments[0])
        if origin in (Union, UnionType):
            return " | ".join(dict.fromkeys(self.of(argument) for argument in arguments))
        if origin is Literal:
            return f"Literal[{', '.join(map(repr, arguments))}]"
        if origin is list or origin is tuple:
            return f"list[{self.of(arguments[0])}]"
        if origin is dict:
            return f"dict[{self.of(arguments[0])}, {self.of(arguments[1])}]"
        if isinstance(annotation, type) and issubclass(annotation, Spec):
            return self.section(annotation)
        raise TypeError(f"a recipe has no values of the type {annotation}")

    def section(self, spec: type[Spec]) -> str:
        """Spell the type of a section: a dictionary, a spec, or the name of a kind."""
        name = self._name(spec)
        if issubclass(spec, Family) and spec.is_head():
            alias = f"{name}Section"
            if alias not in self.written:
                self.written[alias] = ""  # families may contain themselves
                own = {kind: spec.members[kind] for kind in sorted(spec.members) if is_own(spec.members[kind])}
                kinds = ", ".join(map(repr, own))
                choices = [f"Literal[{kinds}]", *map(self.table, own.values()), self.imported(spec)]
                self.written[alias] = f'{alias}: TypeAlias = "{" | ".join(choices)}"\n'
            return alias
        return f"{self.table(spec)} | {self.imported(spec)}"

    def table(self, spec: type[Spec]) -> str:
        """Write the typed dictionary of a section, once; returns its name."""
        name = f"{self._name(spec)}Settings"
        if name in self.written:
            return name
        self.written[name] = ""
        whole = spec.complete() if issubclass(spec, Parts) else spec
        lines = []
        fixed = list(spec.model_fields)
        for key in [*fixed, *sorted(name for name in whole.model_fields if name not in fixed)]:
            field = whole.model_fields[key]
            kind = self.of(field.annotation)
            if issubclass(spec, Family) and key == spec.discriminator:
                if issubclass(spec, Recipe):
                    continue
                kind = kind if spec.default_kind == field.default else f"Required[{kind}]"
            elif not field.is_required() and "None" not in kind.split(" | "):
                kind = f"{kind} | None"
            lines.append(f"    {key}: {kind}\n")
        about = (spec.__doc__ or "").strip().split("\n")[0]
        self.written[name] = f'class {name}(TypedDict, total=False):\n    """{about}"""\n\n{"".join(lines)}'
        return name

    def imported(self, spec: type[Spec]) -> str:
        """Import a spec; returns its name."""
        self.imports.add((spec.__module__, spec.__name__))
        return f"{spec.__name__}Spec"

    def _name(self, spec: type[Spec]) -> str:
        known = {name: other for other, name in self._names.items()}
        name = spec.__name__
        if known.get(name, spec) is not spec:
            raise TypeError(f"two sections are called {name}: {spec.__module__}, {known[name].__module__}")
        self._names[spec] = name
        return name


def is_own(spec: type[Spec]) -> bool:
    """True for a section that no plugin defines."""
    return spec.__module__.startswith(OWN)


def write_types() -> str:
    """Code of the typed recipe."""
    import_tasks()
    types = Types()
    methods = []
    for info in known_tasks():
        task, spec = info.name, Recipe.members.get(info.name)
        if spec is None or not is_own(spec):
            continue
        name = types.table(spec)
        methods.append(
            f"\n    @classmethod\n    def {task}(cls, **settings: Unpack[{name}]) -> Recipe:\n"
            f'        """Recipe of {info.noun}."""\n        return cls({{"task": "{task}", **settings}})\n'
        )
    imports = [f"    from {module} import {name} as {name}Spec\n" for module, name in sorted(types.imports)]
    body = "\n\n".join(code.rstrip("\n") for code in types.written.values())
    return f"{HEAD}{''.join(imports)}\n\n{body}\n{CLASS}{''.join(methods)}"
