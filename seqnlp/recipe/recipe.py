"""Recipe: all settings of a training, as one frozen typed tree."""

from abc import ABC
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, ClassVar

import tomli_w
from pydantic import Field

from seqnlp.errors import Fault
from seqnlp.readers import Reader
from seqnlp.spec import Family, Spec


class Data(Spec):
    """`[data]` section: files, or split expressions of a hub reader, and their reader."""

    reader: Reader
    """Reader of the files: conllu, columns, csv, jsonl, text, parallel, series, audio, hub."""
    train: str
    """Training split; of a file also a slice: `train.txt[:95%]`, `train.txt[-500:]`."""
    dev: str
    """Validation split, which decides when to stop and which model is kept."""
    test: str | None = None
    """Test split, scored once, at the very end."""

    @property
    def splits(self) -> dict[str, str]:
        """Source of each split by its name: `train`, `dev` and maybe `test`."""
        named = {"train": self.train, "dev": self.dev, "test": self.test}
        return {split: source for split, source in named.items() if source is not None}


class Recipe(Family, ABC):
    """A task and its components. Each task is a member, in `seqnlp.tasks`."""

    discriminator: ClassVar[str] = "task"

    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    """Seed of every random choice of a training."""
    plugins: list[str] = []
    """Python files with components of your own; they are run when the recipe is read."""
    data: Data

    def faults(self) -> Iterator[Fault]:
        """Contradictions between settings that are each valid alone; `key` and `problem` are set."""
        yield from ()

    def unused_settings(self) -> Iterator[Fault]:
        """Settings without an effect beside the others: `key`, `problem` and perhaps `hint` are set."""
        yield from _unused(self, "")

    def locate(self, source: str, find: Callable[[str], Path]) -> Any:
        """Resolve the source of a split; `find` raises `DataError` for a file that does not exist."""
        return self.data.reader.locate(source, find)


def _unused(spec: Spec, prefix: str) -> Iterator[Fault]:
    """Settings without an effect in a section and those below it."""
    for key, reason in spec.unused():
        yield Fault(prefix + key, f"no effect: {reason}", "leave it out")
    for name, value in spec:
        if isinstance(value, Spec):
            yield from _unused(value, f"{prefix}{name}.")


def dump_recipe(recipe: Recipe) -> str:
    """Serialize a recipe to TOML with every default, but without None; parsing it gives the recipe back."""
    return tomli_w.dumps(_kind_first(recipe.model_dump(exclude_none=True)))


def _kind_first(value: Any) -> Any:
    """Sort `task` and `kind` before the other settings of their section."""
    if isinstance(value, list):
        return [_kind_first(item) for item in value]
    if not isinstance(value, dict):
        return value
    keys = sorted(value, key=lambda key: key not in ("task", "kind"))
    return {key: _kind_first(value[key]) for key in keys}
