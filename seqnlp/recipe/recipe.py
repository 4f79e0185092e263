"""Recipe: all settings of a training, as one frozen typed tree."""

import re
from abc import ABC
from collections.abc import Callable, Iterator, Mapping
from functools import reduce
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

import tomli_w
from pydantic import Field, field_validator, model_validator

from seqnlp.errors import Fault
from seqnlp.readers import Memory, Reader
from seqnlp.readers.drawn import Fold, Size
from seqnlp.readers.held import PREFIX, TableReader, is_memory
from seqnlp.readers.tables import GivenTable
from seqnlp.spec import Family, Spec

DEV = 0.1
"""Default share of train that is drawn for dev."""
NUMBER = re.compile(r"0?\.\d+|\d+(\.\d+)?%")
"""Share that somebody has put in quotes."""


class Data(Spec):
    """`[data]` section: files, or split expressions of a hub reader, and their reader."""

    measured: ClassVar[frozenset[str]] = frozenset({"reader", "train", "dev", "test", "folds", "fold", "split_seed"})
    """Keys that decide what is measured on dev, so that a search must leave them alone; tasks add their own."""
    keeps_columns: ClassVar[bool] = True
    """False for a task that encodes in memory, however large its corpus is."""
    streams: ClassVar[bool] = False
    """True for a task whose train can be streamed."""

    reader: Reader
    """Reader of the files: conllu, conllu_words, columns, csv, jsonl, text, parallel, series, audio, hub, or memory."""
    train: str
    """Training split; of a file also a slice: `train.txt[:95%]`, `train.txt[-500:]`."""
    dev: str | Annotated[int, Field(ge=1)] | Annotated[float, Field(gt=0, lt=1)] = DEV
    """Validation split, which decides when to stop and which model is kept; or a share or number of rows to draw from
    train, which then lacks them. Texts with one label each are drawn in proportion to the labels, CoNLL sentences in
    whole documents; of series and of running text it is the end."""
    test: str | Annotated[int, Field(ge=1)] | Annotated[float, Field(gt=0, lt=1)] | None = None
    """Test split, scored once, at the very end; or a share or number of rows to draw from train, as `dev`."""
    folds: Annotated[int, Field(ge=2, le=1000)] | None = None
    """Cross-validate: part train into so many folds and train a run for each, whose test split it is (see `seqnlp train
    --folds`). Texts with one label each are parted in proportion to the labels, CoNLL sentences in whole documents;
    running text into blocks; series by rolling origin: each run tests the block after those that it learns from."""
    fold: Annotated[int, Field(ge=1)] | None = None
    """Train with this fold alone as test, counted from 1; left out: a run for each."""
    split_seed: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    """Seed of what is drawn from train; left out: the seed of the recipe."""
    keep_in_memory: bool = False
    """Encode a large corpus in memory at each start, instead of once into memory-mapped files of the cache. Text of
    less than 16 MB is encoded in memory anyway."""
    streaming: bool = False
    """Read train from its files in each epoch, block by block: it is neither held in memory nor written to the disk. A
    pattern such as `part-*.jsonl` names several files, the shards, whose order is another one in each epoch. Dev and
    test are read as ever, from files of their own. For tag, classify and translate."""
    shuffle_block_size: Annotated[int, Field(ge=1)] = 20_000
    """Rows of a block of a stream, which are shuffled among themselves; two to three blocks are in memory."""
    sample_size: Annotated[int, Field(ge=1)] = 100_000
    """Rows of a stream that vocabularies and other codecs are fitted on, drawn at random, and in memory while they are;
    labels that the draw misses are added."""

    @field_validator("dev", "test", mode="before")
    @classmethod
    def _source_or_size(cls, value: Any) -> Any:
        if isinstance(value, str) and NUMBER.fullmatch(value):
            share = float(value.rstrip("%")) / (100 if value.endswith("%") else 1)
            raise ValueError(f"{value!r} is no file; a share of train is a number, {share:g}")
        if not isinstance(value, int | float) or isinstance(value, bool):
            return value
        if isinstance(value, int) and value < 1:
            raise ValueError(f"expected a file, a share of train such as 0.1, or a number of its rows, found {value}")
        if isinstance(value, float) and not 0 < value < 1:
            rows = f"; a number of rows is written {value:.0f}" if value > 1 and value.is_integer() else ""
            raise ValueError(f"a share of train is over 0 and under 1, found {value:g}{rows}")
        return value

    @model_validator(mode="after")
    def _a_fold_of_folds(self) -> Self:
        if self.fold is not None and self.folds is not None and self.fold > self.folds:
            raise ValueError(f"fold = {self.fold}, but there are {self.folds}: they are counted from 1")
        return self

    @model_validator(mode="after")
    def _something_left(self) -> Self:
        shares = {name: size for name, size in self.drawn.items() if isinstance(size, float)}
        if sum(shares.values()) >= 1:
            settings = " and ".join(f"{name} = {size:g}" for name, size in shares.items())
            raise ValueError(f"{settings} leave nothing of train: shares add up to less than 1")
        return self

    @model_validator(mode="after")
    def _can_stream(self) -> Self:
        if not self.streaming:
            return self
        if not self.streams:
            raise ValueError("streaming = true, but this task reads train as a whole; leave it out")
        if is_memory(self.train):
            raise ValueError("streaming = true, but the data are given in Python, in memory; leave one of them out")
        if not self.reader.streams:
            kind = dict(self.reader).get("kind", type(self.reader).__name__)
            raise ValueError(f"streaming = true, but the reader {kind} can't be streamed; leave it out")
        if self.folds is not None:
            raise ValueError(f"streaming = true, but folds = {self.folds} are drawn from train; leave one of them out")
        for name, size in self.drawn.items():
            found = f"streaming = true, but {name} = {size:g} is drawn from train, which is never there as a whole"
            raise ValueError(f'{found}; name a file of its own, {name} = "{name}.jsonl"')
        return self

    @property
    def splits(self) -> dict[str, str]:
        """Source of each split that has one, by its name: `train`, and maybe `dev` and `test`."""
        named = {"train": self.train, "dev": self.dev, "test": self._own_test}
        return {split: source for split, source in named.items() if isinstance(source, str)}

    @property
    def drawn(self) -> dict[str, Size]:
        """Sizes of the splits that are drawn from train, besides a fold."""
        named = {"dev": self.dev, "test": self._own_test}
        return {split: size for split, size in named.items() if isinstance(size, int | float)}

    @property
    def parts(self) -> list[str]:
        """Names of the splits that are parts of train: drawn ones, and test if it is a fold."""
        return [*self.drawn, *([] if self.folds is None else ["test"])]

    @property
    def the_fold(self) -> Fold | None:
        """Fold that is test; None without folds, or if a run is wanted for each."""
        return None if self.folds is None or self.fold is None else Fold(self.fold, self.folds)

    @property
    def _own_test(self) -> str | Size | None:
        """`test`, unless the folds take its place."""
        return self.test if self.folds is None else None

    @property
    def in_memory(self) -> bool:
        """True for splits that were given in Python."""
        return is_memory(self.train)

    def unused(self) -> Iterator[tuple[str, str]]:
        if self.folds is None:
            yield from ((key, "there are no folds without data.folds") for key in self.changed("fold"))
        if not self.keeps_columns:
            yield from ((key, "this task encodes in memory anyway") for key in self.changed("keep_in_memory"))
        if not self.parts:
            yield from ((key, "no split is drawn from train") for key in self.changed("split_seed"))
        if not self.streaming:
            keys = self.changed("shuffle_block_size", "sample_size")
            yield from ((key, "train is not streamed (data.streaming = true)") for key in keys)


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

    def given(self, tables: Mapping[str, GivenTable]) -> Self:
        """Replace the splits by tables in memory.

        The names of columns and the settings of series stay, and so does the size of a split that is drawn.

        Args:
            tables: Tables by the names of the splits.
        """
        reader, data = self.data.reader, self.data
        if not isinstance(reader, TableReader):
            reader = Memory(columns=reader.columns, max_line=reader.max_line)
        sources: dict[str, Any] = {
            "train": f"{PREFIX}train",
            "dev": data.drawn.get("dev", DEV),
            "test": data.drawn.get("test"),
        }
        sources |= {name: f"{PREFIX}{name}" for name in tables if name in sources}
        data = data.model_copy(update={**sources, "reader": reader.holding(tables), "streaming": False})
        return self.model_copy(update={"data": data})

    @property
    def split_seed(self) -> int:
        """Seed of the splits that are drawn from train."""
        return self.seed if self.data.split_seed is None else self.data.split_seed

    def locate(self, source: str, find: Callable[[str], Path]) -> Any:
        """Resolve the source of a split; `find` raises `DataError` for a file that does not exist."""
        reader = self.data.reader
        if self.data.streaming and reader.reads_files and source == self.data.train:
            return reader.locate_shards(source, find)
        return reader.locate(source, find)


def _unused(spec: Spec, prefix: str) -> Iterator[Fault]:
    """Settings without an effect in a section and those below it."""
    for key, reason in spec.unused():
        yield Fault(prefix + key, f"no effect: {reason}", "leave it out")
    for name, value in spec:
        if isinstance(value, Spec):
            yield from _unused(value, f"{prefix}{name}.")


def dump_recipe(recipe: Recipe, changes: Mapping[str, Any] | None = None) -> str:
    """Serialize a recipe to TOML with every default, but without None; parsing it gives the recipe back.

    Args:
        recipe: The recipe.
        changes: Values to write instead of those of the recipe, by dotted key.
    """
    settings = recipe.model_dump(exclude_none=True)
    for key, value in (changes or {}).items():
        *sections, name = key.split(".")
        reduce(dict.__getitem__, sections, settings)[name] = value
    return settings_toml(settings)


def settings_toml(settings: Mapping[str, Any]) -> str:
    """Serialize plain settings to TOML."""
    return tomli_w.dumps(_kind_first(dict(settings)))


def _kind_first(value: Any) -> Any:
    """Sort `task` and `kind` before the other settings of their section."""
    if isinstance(value, list):
        return [_kind_first(item) for item in value]
    if not isinstance(value, dict):
        return value
    keys = sorted(value, key=lambda key: key not in ("task", "kind"))
    return {key: _kind_first(value[key]) for key in keys}
