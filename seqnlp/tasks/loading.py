"""Opening a run: its recipe, model, and a split of its corpus."""

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from seqnlp.devices import opening_device
from seqnlp.embeddings import PathResolver
from seqnlp.errors import (
    DataError,
    OutOfMemory,
    RecipeError,
    RunError,
    SeqnlpError,
    UntrustedPlugin,
    UsageError,
    error_context,
)
from seqnlp.metrics.significance import ItemScores
from seqnlp.model import SequenceModel
from seqnlp.nn.device import CPU, find_device, move_module
from seqnlp.nn.initial import weights_are_loaded
from seqnlp.notes import note
from seqnlp.readers.held import PREFIX
from seqnlp.readers.tables import DATA, GivenTable, given_data
from seqnlp.recipe import parse_recipe
from seqnlp.recipe.load import path_resolver
from seqnlp.run import Run
from seqnlp.run.directory import RECIPE
from seqnlp.tasks.base import Scores, Task, TaskRecipe, task_class
from seqnlp.tasks.other_data import OtherData
from seqnlp.tasks.registry import import_task, import_tasks
from seqnlp.tasks.streaming import StreamedDataset, StreamedSplit
from seqnlp.training import EncodedDataset
from seqnlp.training.checkpoint import check_shapes
from seqnlp.training.precision import Precision, computing_in, for_scores

SPLITS = ("train", "dev", "test")


@dataclass(frozen=True)
class OpenSplit:
    """Model of a run with an encoded split."""

    name: str
    """Name of the split, or of the file."""
    run: Run
    recipe: TaskRecipe
    task: Task
    model: SequenceModel
    table: Any
    examples: EncodedDataset

    @property
    def precision(self) -> Precision:
        """Precision that the model is scored in."""
        return for_scores(self.recipe.training.precision, self.model.device)


def open_split(
    run: str | Path, split: str = "test", data: object = None, trust: bool = False, device: str | None = None
) -> OpenSplit:
    """Open a run with a split of its corpus, or other data.

    Args:
        run: The run directory.
        split: `train`, `dev` or `test`.
        data: Another file or table, instead of a split; or tables by split, or `OtherData`, which tells the reader.
        trust: Consent to run the Python that the run brings along; it is remembered.
        device: Name of the device of the model; None: the one that is set for this process, or else the CPU.

    Raises:
        seqnlp.errors.UsageError: there is no such split, or device.
        seqnlp.errors.UntrustedPlugin: the run brings Python without consent.
        seqnlp.errors.DataError: the run or the data can't be read.
    """
    if split not in SPLITS:
        raise UsageError(f"there is no split {split!r}: expected train, dev or test")
    opened, place = Run.open(run), find_device(device or opening_device())
    recipe = recipe_of(opened, trust)
    find = path_resolver(opened.recipe_file)
    if isinstance(data, str | Path | OtherData):
        other = OtherData.of(data)
        name, table = str(other), other.split(recipe, find)
    elif data is not None:
        tables = given_data(data)
        name = DATA if DATA in tables else split
        table = _given_split(opened, recipe, name, tables, find)
    else:
        name = split
        if split == "train" and recipe.data.streaming:
            raise UsageError(f"{run}: its train split was streamed, and is not scored: --data names a file")
        if split not in [*recipe.data.splits, *recipe.data.parts]:
            raise UsageError(f"{run}: its recipe names no {split} split; take another --split, or name a file")
        if recipe.data.in_memory:
            way = f"seqnlp.evaluate({str(run)!r}, {split!r}, data=...), or a file with --data"
            raise UsageError(f"{run}: its data were given in Python, and the run does not keep them: {way}")
        table = _split_of(opened, recipe, split, find)
    task, model = rebuild(opened, recipe, place)
    shown = getattr(recipe.data, split) if name == split and isinstance(getattr(recipe.data, split), str) else name
    return OpenSplit(name, opened, recipe, task, model, table, encode(task, recipe, shown, table))


def _split_of(run: Run, recipe: TaskRecipe, split: str, find: PathResolver) -> Any:
    """Read a split that the recipe names, or draw it once more; a change since the training is noted."""
    parts = recipe.data.parts
    if split in parts or (parts and split == "train"):
        return drawn_split(run, recipe, split, find)
    source = recipe.data.splits[split]
    corpus = recipe.read({split: source}, find)
    before = run.meta().get("corpus", {}).get(split)
    if not recipe.data.in_memory and before not in (None, corpus.hashes[split]):
        note(f"{split}: {recipe.data.reader.name_of(source)} has changed since the training")
    return corpus.splits[split]


def _given_split(run: Run, recipe: TaskRecipe, name: str, tables: Mapping[str, GivenTable], find: PathResolver) -> Any:
    """Read a split in memory, or draw it from train once more."""
    held = recipe.given(tables)
    if name == DATA:
        return held.split(f"{PREFIX}{DATA}", find)
    if name not in tables and not ("train" in tables and name in recipe.data.parts):
        raise UsageError(f"data: there is no split {name!r}; it has {', '.join(tables) or 'none'}")
    if name in tables and name not in recipe.data.splits and name in recipe.data.parts:
        return held.split(f"{PREFIX}{name}", find)
    return _split_of(run, held, name, find)


def drawn_split(run: Run, recipe: TaskRecipe, split: str, find: PathResolver) -> Any:
    """Draw a split from train once more; for train, the rest of it.

    Raises:
        seqnlp.errors.RunError: train has changed, so that other rows would be drawn.
    """
    corpus = recipe.draw(recipe.read({"train": recipe.data.train}, find))
    before = run.meta().get("corpus", {})
    if before.get(split, corpus.hashes[split]) != corpus.hashes[split]:
        source = recipe.data.reader.name_of(recipe.data.train)
        problem = f"{source} has changed since the training: the {split} split drawn from it is lost"
        raise RunError(problem, run.path, hint="give a file with --data")
    return corpus.splits[split]


@contextmanager
def fitting(run: Run, parts: str) -> Iterator[None]:
    """Convert any error of reading a run into a `RunError`.

    Codecs, layers and plugins raise whatever they like over content that they have not written: whoever reads
    a run reads it inside this block, so that a damaged run is one line and never a traceback.

    Args:
        run: The run that is read.
        parts: Names them in the message, for instance "its codecs".
    """
    try:
        yield
    except DataError as error:
        if error.path is not None:
            raise
        raise RunError(f"damaged: {parts} do not fit its recipe ({error.problem})", run.path) from error
    except SeqnlpError:
        raise
    except Exception as error:
        if isinstance(error, MemoryError | RuntimeError) and (out_of_memory := OutOfMemory.from_exception(error)):
            raise out_of_memory from error
        detail = " ".join(str(error).split())[:120] or type(error).__name__
        raise RunError(f"damaged: {parts} do not fit its recipe ({detail})", run.path) from error


def restore(run: Run, recipe: TaskRecipe) -> Task:
    """Restore the task of a run from its codecs.

    Predictions and resumed trainings both begin here.

    Raises:
        seqnlp.errors.RunError: they are damaged, or do not fit the recipe.
    """
    codecs = run.load_codecs()
    with fitting(run, "its codecs"):
        return task_class(recipe).restore(recipe, codecs)


def rebuild(run: Run, recipe: TaskRecipe, device: torch.device = CPU) -> tuple[Task, SequenceModel]:
    """Rebuild the model of a run on a device, with its codecs.

    Raises:
        seqnlp.errors.RunError: they are damaged, or do not fit the recipe.
    """
    task, weights = restore(run, recipe), run.load_model()
    with fitting(run, "its codecs or weights"):
        with weights_are_loaded():
            model = task.build()
        check_shapes(weights, model.state_dict())
        model.load_state_dict(weights)
    return task, move_module(model.eval(), device)


def recipe_of(run: Run, trust: bool = False) -> TaskRecipe:
    """Parse the recipe that a run was trained by; its plugins are run, if the user consents to that.

    Raises:
        seqnlp.errors.UntrustedPlugin: without `trust` or an earlier consent; nothing was run.
        seqnlp.errors.RunError: it is damaged, or names files outside of the run.
    """
    text = run.recipe_text()
    import_task(_named_task(text))
    try:
        try:
            recipe = parse_recipe(text, run.path / RECIPE, trust=trust)
        except RecipeError:  # it may use a part that another task brings along
            import_tasks()
            recipe = parse_recipe(text, run.path / RECIPE, trust=trust)
    except UntrustedPlugin as error:
        if error.path is not None and run.has_changed(Path(error.path)):
            problem = error.problem.replace("this run", "edited or damaged since the training; this run", 1)
            raise error.replace(problem=problem) from None
        raise
    except RecipeError as error:  # nobody is about to mend it: one fault tells as much as all
        fault, path = error.faults[0], run.path / RECIPE
        found = fault.spot or (str(path), 0, 0)
        key = f"{fault.key}: " if fault.key else ""
        raise RunError(f"damaged: {key}{fault.problem}", *found[:2], fault.hint) from None
    assert isinstance(recipe, TaskRecipe)
    return recipe


def _named_task(recipe: str) -> object:
    """Task that a recipe names; None for a text that is no TOML, whose fault is told where it is parsed."""
    try:
        return tomllib.loads(recipe).get(TaskRecipe.discriminator)
    except tomllib.TOMLDecodeError:
        return None


def encode(task: Task, recipe: TaskRecipe, name: str, split: Any) -> EncodedDataset:
    """Encode a split; errors say which one."""
    tokens = recipe.training.batch_tokens
    with error_context(name):
        if isinstance(split, StreamedSplit):
            return StreamedDataset(split, lambda part: task.encode(part, tokens), task.lacking, tokens)
        return task.encode(split, tokens)


def score(task: Task, model: SequenceModel, examples: EncodedDataset, precision: Precision) -> Scores:
    """Score a model on an encoded split."""
    model.eval()
    with torch.inference_mode(), computing_in(precision, model.device):
        return task.score(model, examples)


def item_scores(task: Task, model: SequenceModel, examples: EncodedDataset, precision: Precision) -> ItemScores | None:
    """Score a model on each item of an encoded split; None if the task has no such scores."""
    model.eval()
    with torch.inference_mode(), computing_in(precision, model.device):
        return task.item_scores(model, examples)
