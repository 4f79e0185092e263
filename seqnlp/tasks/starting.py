"""Transfer learning: codecs and weights of another run at the start of a training."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
from pydantic import ValidationError
from torch import Tensor

from seqnlp.codecs import Codec
from seqnlp.embeddings import PathResolver
from seqnlp.errors import DataError, Fault, RecipeError, RunError, UsageError, error_context
from seqnlp.json_text import to_json
from seqnlp.json_types import JsonObject, shown
from seqnlp.model import SequenceModel
from seqnlp.nn.named_rows import NamedRows
from seqnlp.readers.held import is_memory
from seqnlp.recipe import Start
from seqnlp.recipe.load import path_resolver
from seqnlp.run import Run
from seqnlp.tasks.base import Part, Task, TaskRecipe, task_class
from seqnlp.tasks.kept_arrays import nothing_kept
from seqnlp.tasks.loading import encode, rebuild, recipe_of
from seqnlp.tasks.registry import task_info
from seqnlp.tasks.streaming import StreamedSplit

FRESH = "fresh"
"""Beginning of the account of a part that has random weights."""


@dataclass(frozen=True)
class StartRun:
    """Run that a training starts from, opened."""

    name: str
    """Path as the recipe names it."""
    run: Run
    recipe: TaskRecipe
    task: Task
    weights: Mapping[str, Tensor]

    @classmethod
    def open(cls, start: Start, find: PathResolver, trust: bool = False) -> Self:
        """Open the run of a recipe.

        Raises:
            seqnlp.errors.RunError: it is missing, half-written, damaged, or of another format.
            seqnlp.errors.UntrustedPlugin: it brings Python without consent.
        """
        try:
            path = find(start.named_files()["run"])
        except DataError:
            path = Path(start.run)  # which is told what it is
        try:
            run = Run.open(path)
        except RunError as error:
            raise error.replace(problem=f"start: {error.problem}") from None
        recipe = recipe_of(run, trust)
        task, model = rebuild(run, recipe)
        return cls(start.run, run, recipe, task, model.state_dict())

    def codecs(self, start: Start) -> dict[str, Codec]:
        """Codecs to be extended, by name; those of fresh parts are left out."""
        parts = self.task.parts()
        kept = {id(part.codec) for name, part in parts.items() if not start.is_fresh(name)}
        left = {id(part.codec) for name, part in parts.items()} - kept
        return {name: codec for name, codec in self.task.codecs().items() if id(codec) not in left}

    def fit(self, recipe: TaskRecipe, train: Any, find: PathResolver) -> Task:
        """Fit the codecs of a task; those of the run are extended.

        Raises:
            seqnlp.errors.RecipeError: they are of another kind.
        """
        assert recipe.start is not None
        try:
            return task_class(recipe).fit_from(recipe, train, find, self.codecs(recipe.start))
        except UsageError as error:
            raise RecipeError(
                [Fault("start", f"{self.name} does not fit: {error}", "start.fresh leaves parts out")]
            ) from None

    def describe(self) -> dict[str, Any]:
        """Describe the run for meta.json."""
        data = self.recipe.data
        return {
            "run": self.name,
            "task": self.task.name,
            "sha256": self.run.fingerprint(),
            "dev": {
                "file": str(self.run.recipe_file),
                "seed": self.recipe.seed,
                "data": json.loads(to_json(data.model_dump(exclude_none=True))),
            },
        }

    def knowledge(self) -> dict[str, dict[str, str]]:
        """Origins of pretrained knowledge for meta.json: the run, and whatever it carries itself."""
        meta = self.run.meta()
        own = {"start": {"name": self.name, "sha256": self.run.fingerprint(), "license": ""}}
        return own | {f"start.{part}": dict(origin) for part, origin in meta.get("knowledge", {}).items()}


def fit_task(recipe: TaskRecipe, train: Any, find: PathResolver, begun: StartRun | None = None) -> Task:
    """Fit the codecs of a task; those of the run that it starts from are extended.

    Of a stream they are fitted on a sample.
    """
    if isinstance(train, StreamedSplit):
        with nothing_kept():
            return fit_task(recipe, train.part(train.sample().table), find, begun)
    return task_class(recipe).fit(recipe, train, find) if begun is None else begun.fit(recipe, train, find)


def take_over(model: SequenceModel, task: Task, recipe: TaskRecipe, begun: StartRun) -> dict[str, str]:
    """Copy the weights of another run, rows by their names.

    Args:
        model: Freshly initialised; changed in place once everything fits.
        task: Its task.
        recipe: Its recipe.
        begun: The other run.

    Returns:
        Account of each part: taken, how many rows of it, or why it is fresh.

    Raises:
        seqnlp.errors.RecipeError: a part of the same kind has other settings or shapes; nothing fits at all.
    """
    start = recipe.start
    assert start is not None
    ours, theirs = task.parts(), begun.task.parts()
    if unknown := list(start.unknown_parts(list(ours))):
        raise RecipeError([Fault("start.fresh", f"there is no part {unknown[0]!r}; they are {', '.join(ours)}")])
    pairs, told = _paired(ours, theirs), {}
    copies: list[tuple[Tensor, Tensor]] = []
    embeddings = (_embeddings(ours), _embeddings(theirs))
    unreadable = "" if start.is_fresh("encoder") else _other_states(ours, theirs)
    both = {name: theirs[pairs[name]] for name in ours if name in pairs and not start.is_fresh(name)}
    if unreadable:
        both = {name: part for name, part in both.items() if not name.startswith("decoder.")}
    alike = {name: other for name, other in both.items() if ours[name].kind == other.kind}
    if faults := [each for name, other in alike.items() for each in _differences(name, ours[name], other, begun.name)]:
        raise RecipeError(faults)
    for name, part in ours.items():
        other = theirs.get(pairs.get(name, ""))
        if start.is_fresh(name):
            told[name] = f"{FRESH}, as start.fresh says"
        elif other is None:
            told[name] = f"{FRESH}: {begun.name} has none"
        elif part.kind != other.kind:
            told[name] = f"{FRESH}: {part.kind} here, {other.kind} there"
        elif unreadable and name.startswith("decoder."):
            told[name] = f"{FRESH}: {unreadable}"
        else:
            account = _PartCopy(name, part, other, model, begun, embeddings).copies(copies)
            if account:
                told[name] = account
    if not any(not line.startswith(FRESH) for line in told.values()):
        found = "; ".join(f"{name} is {line}" for name, line in told.items()) or "its task names no parts"
        problem = f"nothing of {begun.name}, {task_info(begun.task.name).noun}, can be taken over: {found}"
        raise RecipeError([Fault("start", problem)])
    with torch.no_grad():
        for target, values in copies:
            target.copy_(values)
    return told


def _paired(ours: Mapping[str, Part], theirs: Mapping[str, Part]) -> dict[str, str]:
    """Name of the other model's part for each part: the same one, or of decoders the only one that is left."""
    pairs = {name: name for name in ours if name in theirs}
    left, right = (
        [name for name in parts if name.startswith("decoder.") and name not in pairs] for parts in (ours, theirs)
    )
    same = len(left) == len(right) == 1 and ours[left[0]].kind == theirs[right[0]].kind
    return pairs | ({left[0]: right[0]} if same else {})


def _other_states(ours: Mapping[str, Part], theirs: Mapping[str, Part]) -> str:
    """Difference of the states that decoders read: those of another kind of encoder mean something else."""
    here, there = (parts["encoder"].kind if "encoder" in parts else "none" for parts in (ours, theirs))
    return "" if here == there else f"it reads states of the encoder, {here} here, {there} there"


def _embeddings(parts: Mapping[str, Part]) -> str:
    return ", ".join(sorted(name for name in parts if name.startswith("embedding"))) or "no embedding"


def _differences(name: str, part: Part, other: Part, run: str) -> list[Fault]:
    """Settings in which a part differs from the other run's."""
    here, there = part.spec.architecture(), other.spec.architecture()
    here, there = ({key: value for key, value in each.items() if key != "kind"} for each in (here, there))
    section = part.section or name.partition(".")[0]
    return [
        Fault(
            f"{section}.{key}",
            f"{_value(here, key)} here, {_value(there, key)} in {run}, so that its weights do not fit",
            (f"{key} = {_value(there, key)} takes them over, " if there.get(key) is not None else "")
            + f"start.fresh = [{to_json(name)}] begins that part anew",
        )
        for key in dict.fromkeys([*here, *there])
        if here.get(key) != there.get(key)
    ]


def _value(settings: Mapping[str, Any], key: str) -> str:
    return shown(settings[key]) if settings.get(key) is not None else "left out"


@dataclass(frozen=True)
class _PartCopy:
    """Take-over of one part."""

    name: str
    part: Part
    other: Part
    model: SequenceModel
    begun: StartRun
    embeddings: tuple[str, str]
    """Names of the parts of both embeddings, here and there."""

    def copies(self, found: list[tuple[Tensor, Tensor]]) -> str:
        """Append the tensors to be changed with their new values; returns the account, empty without weights."""
        ours = {
            name: each
            for name, each in self.model.named_parameters(remove_duplicate=False)
            if name.startswith(self.part.prefix)
        }
        if not ours:
            return ""
        if self._origins(self.part) != self._origins(self.other):
            return f"{FRESH}: it is built on other pretrained weights there"
        rows = self._rows()
        names = self._names(self.part)
        shared = 0 if rows is None else sum(_is_text(names[place]) for place in rows[0])
        if rows is not None and not shared:
            return f"{FRESH}: none of its names is known there"
        axes = self._axes()
        if rows is not None and not axes and list(names) != list(self._names(self.other)):
            return f"{FRESH}: its names are others there"
        for name, tensor in ours.items():
            inner = name.removeprefix(self.part.prefix)
            theirs = self.begun.weights.get(self.other.prefix + inner)
            if theirs is None:
                raise self._misfit(f"there are no weights {inner} in it")
            along = axes.get(inner, ()) if rows is not None else ()
            self._check_shapes(inner, tensor, theirs, along)
            new = theirs if rows is None or not along else _merged(tensor.data, theirs, along, rows, len(names))
            found.append((tensor.data, new))
        if rows is None or not axes:
            return "taken"
        size = sum(map(_is_text, names))
        return "taken" if shared == size else f"taken: {shared:,} of {size:,} names, the others are {FRESH}"

    @staticmethod
    def _origins(part: Part) -> list[str]:
        """Digests of what a part's codec brings along: layers above it fit nothing else."""
        return [] if part.codec is None else sorted(origin.sha256 for origin in part.codec.origins.values())

    @staticmethod
    def _names(part: Part) -> Sequence[Any]:
        names = None if part.codec is None else part.codec.row_names
        return [] if names is None else names

    def _rows(self) -> tuple[list[int], list[int]] | None:
        """Rows of names that both have, here and there; None if the rows have no names."""
        ours, theirs = self._names(self.part), self._names(self.other)
        if not len(ours) or not len(theirs):
            return None
        number: dict[Any, int] = {}
        for place, name in enumerate(theirs):
            number.setdefault(name, place)
        shared = [(place, number[name]) for place, name in enumerate(ours) if name in number]
        return [here for here, _ in shared], [there for _, there in shared]

    def _axes(self) -> Mapping[str, tuple[int, ...]]:
        module = self.model.get_submodule(self.part.prefix.rstrip("."))
        return module.named_axes if isinstance(module, NamedRows) else {}

    def _check_shapes(self, name: str, ours: Tensor, theirs: Tensor, along: tuple[int, ...]) -> None:
        here = [size for axis, size in enumerate(ours.shape) if axis not in along]
        there = [size for axis, size in enumerate(theirs.shape) if axis not in along]
        if here != there or ours.ndim != theirs.ndim:
            shapes = f"{name} has shape {list(ours.shape)} here, {list(theirs.shape)} there"
            raise self._misfit(f"{shapes}: what it reads is of another width, or the corpus of another size")

    def _misfit(self, problem: str) -> RecipeError:
        hint = f"start.fresh = [{to_json(self.name)}] begins that part anew"
        here, there = self.embeddings
        if here != there:
            hint = f"{self.begun.name} has {there}, this recipe {here}; {hint}"
        return RecipeError([Fault("start", f"{self.name} of {self.begun.name} does not fit: {problem}", hint)])


def _is_text(name: object) -> bool:
    """True for the name of a row that stands for a text."""
    return name is not None and not isinstance(name, tuple)


def _merged(
    ours: Tensor, theirs: Tensor, along: tuple[int, ...], rows: tuple[list[int], list[int]], names: int
) -> Tensor:
    """Copy of a tensor with the rows of another under their names.

    Rows are those of all named axes `along`. An axis that is one longer than the `names` ends with a boundary.
    """
    merged, block = ours.clone(), theirs.to(ours.dtype)
    place: list[Tensor | slice] = [slice(None)] * ours.ndim
    for number, axis in enumerate(along):
        here, there = rows
        if ours.shape[axis] > names:
            here, there = [*here, ours.shape[axis] - 1], [*there, theirs.shape[axis] - 1]
        block = block.index_select(axis, torch.tensor(there, dtype=torch.long))
        shape = [1] * len(along)
        shape[number] = -1
        place[axis] = torch.tensor(here, dtype=torch.long).view(shape)
    merged[tuple(place)] = block
    return merged


@dataclass(frozen=True)
class StartScores:
    """Scores on dev of the run that a training started from."""

    task: Task
    examples: Any

    @classmethod
    def read(cls, recipe: TaskRecipe, task: Task, description: Mapping[str, Any]) -> Self:
        """Read that split, for the codecs of the new model.

        Args:
            recipe: Recipe of the training.
            task: Its task.
            description: What `StartRun.describe` has told.

        Raises:
            seqnlp.errors.DataError: it can't be read.
            seqnlp.errors.RecipeError: the run is of another task, or its data were in memory.
        """
        name, dev = description.get("run"), description.get("dev", {})
        if description.get("task") != task.name:
            noun = task_info(str(description.get("task"))).noun
            raise _no_scores(f"{name} is {noun}, this recipe trains {task_info(task.name).noun}")
        try:
            data = type(recipe.data).model_validate(dev.get("data"))
        except ValidationError as error:
            raise RunError(f"damaged: start.dev.data: {error.errors()[0]['msg']}", "meta.json") from None
        if is_memory(data.train):
            raise _no_scores(f"the data of {name} were given in Python, and it does not keep them")
        old = recipe.model_copy(update={"data": data, "seed": dev.get("seed", recipe.seed)})
        find = path_resolver(Path(str(dev.get("file"))))
        with error_context(f"dev of {name}"):
            split = _dev_split(old, find)
        codecs = {each: _saved(codec) for each, codec in task.codecs().items()}
        try:
            restored = task_class(old).restore(old, codecs)
        except (KeyError, DataError) as error:
            raise _no_scores(f"its columns are not those of this recipe ({error})") from None
        return cls(restored, encode(restored, old, f"dev of {name}", split))

    def __call__(self, model: SequenceModel) -> dict[str, float]:
        """Main score of a model, under a name of its own."""
        scores, metric = self.task.dev_scores(model, self.examples), self.task.metric.name
        return {f"start_{metric}": scores[metric]}


def _saved(codec: Codec) -> JsonObject:
    """Codec as a run would have it."""
    weights = {name: torch.as_tensor(each) for name, each in codec.weights.items()}
    return JsonObject(json.loads(to_json(codec.to_json())), weights=lambda: weights)


def _no_scores(problem: str) -> RecipeError:
    return RecipeError([Fault("start.scores", f"{problem}: its dev split can't be scored", "leave it out")])


def _dev_split(recipe: TaskRecipe, find: PathResolver) -> Any:
    data = recipe.data
    if "dev" in data.splits:
        return recipe.split(data.splits["dev"], find)
    return recipe.draw(recipe.read({"train": data.train}, find)).splits["dev"]
