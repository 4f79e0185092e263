"""Public calls: train, evaluate, load."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from seqnlp.devices import kind_of_device, opening_device
from seqnlp.errors import DataError, Diverged, Fault, RecipeError, RunError, UsageError, error_context
from seqnlp.events import Done, Evaluated, Event, Initialized, Saved, Started, Stepped
from seqnlp.json_text import to_json
from seqnlp.limits import HORIZON
from seqnlp.model import SequenceModel
from seqnlp.nn.allocator import return_free_memory
from seqnlp.nn.device import CPU, describe_device, find_device, find_own_device, move_module, to_numpy
from seqnlp.notes import note, notes_to, once
from seqnlp.readers.base import Corpus
from seqnlp.readers.held import is_memory
from seqnlp.readers.tables import GivenTable, Table, given_splits
from seqnlp.recipe import Data, Recipe, RecipeSource, consent, dump_recipe
from seqnlp.recipe.load import path_resolver
from seqnlp.recipe.plugins import copies
from seqnlp.results import ModelSummary
from seqnlp.run import Run
from seqnlp.run.directory import PLUGINS, RECIPE
from seqnlp.run.lock import RunLock
from seqnlp.run.meta import describe_training
from seqnlp.run.tensors import not_finite
from seqnlp.tasks.base import ItemRow, Predictor, RunOrigin, Scores, Task, TaskRecipe
from seqnlp.tasks.loading import encode, fitting, open_split, rebuild, recipe_of, restore, score
from seqnlp.tasks.model_card import model_card
from seqnlp.tasks.model_summary import summarize
from seqnlp.tasks.other_data import OtherData
from seqnlp.tasks.registry import import_tasks, task_info
from seqnlp.tasks.starting import StartRun, StartScores, fit_task, take_over
from seqnlp.tasks.streaming import StreamedDataset, named_part, whole_splits
from seqnlp.training import EncodedDataset, Metric, Preview, Trainer
from seqnlp.training.advice import DependenceOnState, FlatLoss, baseline_advice, dev_advice, settings_advice
from seqnlp.training.checkpoint import check_shapes
from seqnlp.training.distributed import PeerLost, ProcessGroup, join_group
from seqnlp.training.inference import in_fork, on_one_thread
from seqnlp.training.layer_groups import LayerGroup, decayed_groups
from seqnlp.training.precision import computing_in, resolve
from seqnlp.training.replicas import replicas_of
from seqnlp.units import counted

if TYPE_CHECKING:
    from seqnlp.tasks.forecast.backtest import RollingForecasts

AnyRecipe = str | Path | Mapping[str, Any] | Recipe
"""Recipe: a file, the name of one that ships, or settings in Python."""
Tables = Mapping[str, GivenTable]
"""Tables in memory by split."""

LOG_EVERY = 0.5
"""Seconds between the steps that are written to events.jsonl."""


def train(
    recipe: AnyRecipe,
    overrides: Sequence[str] = (),
    out: str | Path | None = None,
    *,
    data: Table | Mapping[str, Table] | None = None,
    resume: bool = False,
    overwrite: bool = False,
    trust: bool = False,
    test: bool = True,
    notify: Callable[[str], None] = lambda line: None,
) -> Generator[Event, None, None]:
    """Train a recipe into a run directory; closing the iterator saves a checkpoint.

    Args:
        recipe: A file, the bare name of a recipe that ships, or settings in Python: a dictionary, `seqnlp.Recipe`.
        overrides: `key=value` settings over those of the recipe.
        out: The run directory; `runs/<name of the recipe>` if left out, or of settings in Python `runs/<task>`.
        data: Tables by split, instead of the files that the recipe names: `{"train": table, "dev": table}`, a
            `datasets.DatasetDict`, or train alone. A table is a `datasets.Dataset`, a data frame, columns by name, or
            rows as dictionaries, also of an iterator. Without dev it is drawn from train.
        resume: Continue the existing run.
        overwrite: Replace the existing run.
        trust: Consent to run the Python that a run brings along, where its recipe is trained or its training
            resumed; it is remembered. The plugins of other recipes need no consent.
        test: Score the test split and trivial systems at the end; if not, that split is not looked at.
        notify: Called with each warning about the data, one line each.

    Raises:
        seqnlp.errors.SeqnlpError: for every error that a user can cause.
    """
    if resume and overwrite:
        raise UsageError("--resume and --overwrite contradict each other: choose one")
    import_tasks()
    notify = once(notify)  # evaluations would repeat them
    group = join_group()
    if not group.leads:
        notify = _ignore
    with group.together(), notes_to(notify):
        source = RecipeSource.of(recipe)
        path = Path(out) if out is not None else Path("runs") / source.name
        tables = None if data is None else given_splits(data)
    if group.place.restarts and Run.is_run(path):
        resume, overwrite = True, False
    with RunLock(path) as lock:
        if group.leads and Run.is_run(path) and (resume or overwrite):
            Run(path).check_own()
            lock.acquire()
        yield from _train(source, overrides, path, tables, lock, resume, overwrite, trust, test, notify, group)


def _ignore(line: str) -> None:
    """Drop a warning, which another process tells."""


def _train(
    source: RecipeSource,
    overrides: Sequence[str],
    path: Path,
    tables: Tables | None,
    lock: RunLock,
    resume: bool,
    overwrite: bool,
    trust: bool,
    test: bool,
    notify: Callable[[str], None],
    group: ProcessGroup,
) -> Generator[Event, None, None]:
    """Train in a folder. Its lock is held, or taken before the first write."""
    run = Run(path)
    with group.together() as digests:
        begun = _begun(path, group) if resume and Run.is_run(path) else None
        resumed = begun if begun is not None and begun.has_state else None
        with notes_to(notify):
            wanted, plugins, before = _wanted(source, overrides, tables, resumed, trust, group.size)
        device = find_own_device(wanted.training.device, "training.device", group.place.local_rank, group.size)
        saved = None
        if resumed is not None:
            saved = resumed.load_state()
            _check_epochs(path, wanted, saved)
            _note_damaged_scores(resumed, notify)
        elif group.leads:  # which may have begun to write when another process looks
            Run.check_free(path, overwrite or resume)
        torch.set_num_threads(wanted.training.threads)

        file = source.file
        if begun is not None and file.resolve() == (path / RECIPE).resolve() and begun.recipe_file.name:
            file = begun.recipe_file  # the run's original recipe: the files that it names lie beside it
        find = path_resolver(file)
        begun_from = StartRun.open(wanted.start, find, trust) if wanted.start is not None and saved is None else None
        if begun_from is not None and os.path.realpath(begun_from.run.path) == os.path.realpath(path):
            raise UsageError(
                f"{path}: the training starts from this run, and can't replace it: --out names another folder"
            )
        with notes_to(notify):
            corpus = read_splits(wanted, find, test)
        if saved is None:
            with notes_to(notify), error_context("train"), placed(source, overrides):
                task = fit_task(wanted, corpus.splits["train"], find, begun_from)
        else:
            _check_same_corpus(run, corpus, wanted.data.splits)
            task = restore(run, wanted)
        with nullcontext() if saved is None else fitting(run, "its codecs"):
            with notes_to(notify):
                splits = {name: encode(task, wanted, name, split) for name, split in corpus.splits.items()}
            for name, examples in splits.items():
                told, part = named_part(name, examples)
                for notice in task.notices(part):
                    notify(f"{told}: {notice}")
            show = task.preview(corpus.splits["dev"], wanted.seed)
            corpus.splits.clear()  # what is encoded need not stay mapped into memory
            return_free_memory()
            with placed(source, overrides):
                old = _start_scores(wanted, task, run, begun_from, notify)
                model, taken = _model(wanted, task, begun_from)
                move_module(model, device)
                trainer = _trainer(wanted, task, splits, show, notify, model, old, group)
        if saved is None:
            _check_used(wanted, trainer.model, source, overrides)
        else:
            assert before is not None
            with fitting(run, "its checkpoint"):
                trainer.restore(*saved, micro_batches=before.training.micro_batches)
        if group.size > 1:
            _check_work(trainer, notify)
            digests.update(_digests(wanted, corpus, task, trainer))
    if not group.leads:
        yield from _follow(trainer)
        return
    with trainer.leading():
        if saved is None:
            for line in _advice(wanted, task, trainer, splits) if test else ():
                notify(line)
            lock.acquire()
            run = _begin(path, wanted, plugins, source.name, file, task, corpus, trainer, begun_from, taken)
            if begun_from is not None:
                _save_state(run, trainer)  # from now on the other run is not needed
        else:
            assert before is not None
            _record_machine(run, trainer)
            _adjust(run, before, wanted, notify)
        dev_items = splits["dev"].items if test else None  # trials of a search are not told about
        try:
            yield from _record(run, trainer, dev_items, notify, old)
            trainer.stop_followers()
            torch.set_num_threads(wanted.training.threads * group.place.local_size)  # the others have ended
            with notes_to(notify):
                done = _finish(run, trainer, task, splits, compared=test, old=old)
            yield done
        except DataError as error:
            raise error.replace(hint=error.hint or _kept(run)) from error.__cause__


def _begun(path: Path, group: ProcessGroup) -> Run:
    """Open a run to resume its training; only the process that leads may write there."""
    if group.leads:
        return Run.resume(path)
    run = Run.at(path)
    run.check()
    return run


def _follow(trainer: Trainer) -> Iterator[Event]:
    """Train as the process that leads tells; no event comes of it."""
    try:
        trainer.follow()
    finally:
        trainer.close()
    yield from ()


def _check_work(trainer: Trainer, notify: Callable[[str], None]) -> None:
    """Check that each micro-batch has rows; a note tells of processes without a micro-batch."""
    if (idle := trainer.processes.size - trainer.replicas.micro_batches) > 0:
        size, number = trainer.processes.size, trainer.replicas.micro_batches
        work = f"{idle} of {size} processes will have no gradients to compute"
        notify(f"training.micro_batches is {number}: {work}; -s training.micro_batches={size} gives each of them some")
    largest = max(map(len, trainer.train.plan(trainer.seed, 0)), default=0)
    if (number := trainer.replicas.micro_batches) > largest:
        raise UsageError(
            f"{trainer.processes.size} processes share {number} micro-batches, but the largest batch has "
            f"{counted(largest, 'rows')}: take fewer processes, fewer training.threads, or larger training.batch_tokens"
        )


def _digests(recipe: TaskRecipe, corpus: Corpus, task: Task, trainer: Trainer) -> dict[str, str]:
    """Digests of what all processes of a training must have alike."""
    codecs = {name: codec.to_json() for name, codec in task.codecs().items()}
    weights = hashlib.sha256()
    for tensor in trainer.model.state_dict().values():
        weights.update(np.ascontiguousarray(to_numpy(tensor)).data)
    values = {
        "recipe": to_json(_without_adjustable(recipe), default=str),
        "data": to_json([sorted(corpus.hashes.items()), sorted((corpus.shards or {}).items())]),
        "codecs": to_json(codecs),
        "number of threads (set training.threads where machines differ)": str(trainer.replicas.micro_batches),
    }
    return {name: hashlib.sha256(value.encode()).hexdigest() for name, value in values.items()} | {
        "weights": weights.hexdigest()
    }


def _advice(recipe: TaskRecipe, task: Task, trainer: Trainer, splits: Mapping[str, EncodedDataset]) -> Iterator[str]:
    """Find settings that can't work well with the corpus."""
    yield from settings_advice(recipe.training, recipe.optimizer, splits["train"], recipe.seed, trainer.steps)
    data = recipe.data
    yield from dev_advice(splits["dev"], recipe.rows_name, task.items_name, "dev" in data.drawn, data.streaming)
    train = splits["train"]
    if not (isinstance(train, StreamedDataset) and train.is_sampled):  # what a sample has once, the rest has too
        yield from task.advice(whole_splits(splits))


def read_splits(recipe: TaskRecipe, find: Callable[[str], Path], test: bool = True) -> Corpus:
    """Read the splits of a recipe; without `test`, a file of that is not opened."""
    if test:
        return recipe.corpus(find)
    if isinstance(recipe.data.test, str):
        recipe = recipe.model_copy(update={"data": recipe.data.model_copy(update={"test": None})})
    corpus = recipe.corpus(find)
    corpus.splits.pop("test", None)  # drawn from train, which must lack it anyway
    return corpus


def dev_metric(
    recipe: AnyRecipe,
    overrides: Sequence[str] = (),
    *,
    trust: bool = False,
    notify: Callable[[str], None] = lambda line: None,
) -> Metric:
    """Dev score that decides which weights a training keeps; reads train and dev, and fits the codecs.

    Raises:
        seqnlp.errors.SeqnlpError: what `train` raises before it begins.
    """
    import_tasks()
    source = RecipeSource.of(recipe)
    wanted, _, _ = _wanted(source, overrides, None, None, trust)
    find = path_resolver(source.file)
    with notes_to(notify):
        corpus = read_splits(wanted, find, test=False)
        with error_context("train"):
            begun = None if wanted.start is None else StartRun.open(wanted.start, find, trust)
            return fit_task(wanted, corpus.splits["train"], find, begun).metric


@contextmanager
def placed(source: RecipeSource, overrides: Sequence[str]) -> Iterator[None]:
    """Add places to faults of a loaded recipe."""
    try:
        yield
    except RecipeError as error:
        raise RecipeError(source.place_faults(error.faults, overrides)) from None


def _start_scores(
    recipe: TaskRecipe, task: Task, run: Run, begun: StartRun | None, notify: Callable[[str], None]
) -> StartScores | None:
    """Read dev of the other run, if asked for; a resumed training has kept where it is."""
    if recipe.start is None or not recipe.start.scores:
        return None
    described = run.meta().get("start", {}) if begun is None else begun.describe()
    with notes_to(notify):
        return StartScores.read(recipe, task, described)


def _initialized(run: Run, trainer: Trainer, old: StartScores | None) -> Initialized | None:
    """Event about weights that are another run's; None without any."""
    start = run.meta().get("start")
    if not start or trainer.progress.step:
        return None
    scores = {} if old is None else trainer.scored(old)
    return Initialized(0, 0.0, trainer.progress.seconds, start["run"], start["sha256"], start["parts"], scores)


def _record(
    run: Run, trainer: Trainer, dev_items: int | None, notify: Callable[[str], None], old: StartScores | None = None
) -> Iterator[Event]:
    """Record events, and save checkpoints at evaluations, by time, and on exit.

    The time is estimated, and a loss that looks wrong told, if the items of dev are given.
    """
    watches: list[FlatLoss | DependenceOnState] = []
    if dev_items is not None:
        watches.append(FlatLoss(trainer.schedule.lr))
        if trainer.train.carries_state and not trainer.progress.evaluated and not run.meta().get("start"):
            watches.append(DependenceOnState(trainer.train.state_reset))
    logged = saved = time.monotonic()
    checkpoint: int | None = None
    try:
        estimate = None if dev_items is None else trainer.estimate(dev_items)
        for event in trainer.events(estimate):
            now = time.monotonic()
            for advice in filter(None, [watch.hear(event) for watch in watches]):
                notify(advice)
            due = now - saved >= trainer.settings.save_every
            if isinstance(event, Evaluated):
                due = True
                with trainer.averaged():
                    _check_finite(trainer.model.state_dict(), event.step)
                if event.best:
                    run.save_model(trainer.weights())
            if not isinstance(event, Stepped) or now - logged >= LOG_EVERY:
                run.append(event)
                logged = now
            yield event
            if trainer.processes.is_orphan:
                raise PeerLost("the launcher of this training's processes has ended")
            if isinstance(event, Started) and (initialized := _initialized(run, trainer, old)) is not None:
                run.append(initialized)
                yield initialized
            if due:
                _save_state(run, trainer)
                saved, checkpoint = time.monotonic(), trainer.progress.step
                safe = Saved(event.step, event.epoch, event.seconds)
                run.append(safe)
                yield safe
    except (GeneratorExit, Diverged, PeerLost) as reason:
        if checkpoint != trainer.progress.step:
            with suppress(Diverged):
                _save_state(run, trainer)
        if isinstance(reason, Diverged):
            raise Diverged(f"{reason}; {_kept(run)}; --overwrite starts over") from None
        if isinstance(reason, PeerLost):
            raise PeerLost(f"{reason}; {_kept(run)}; --resume goes on") from None
        raise
    finally:
        trainer.close()


def _save_state(run: Run, trainer: Trainer) -> None:
    """Save a checkpoint; `Diverged` if its weights are not finite, from which nothing can be resumed."""
    tensors, progress = trainer.state()
    _check_finite(
        {name: tensor for name, tensor in tensors.items() if not name.startswith("optimizer.")}, trainer.progress.step
    )
    run.save_state(tensors, progress)


def _check_finite(tensors: Mapping[str, torch.Tensor], step: int) -> None:
    """Raise `Diverged` for weights that are not finite.

    Saved, they would stay the best for ever, or make a checkpoint from which nothing can be resumed.
    """
    if name := not_finite(tensors):
        raise Diverged(f"the weights {name!r} are not finite after step {step}; try a smaller optimizer.lr")


def _kept(run: Run) -> str:
    """Describe what a training that failed leaves behind."""
    state = "the last good checkpoint is kept" if run.has_state else "there is no checkpoint yet"
    model = "the best model so far" if run.has_model else "no model, as nothing was evaluated"
    return f"{state}, and {model}"


def evaluate(
    run: str | Path,
    split: str = "test",
    data: str | Path | OtherData | Table | Mapping[str, Table] | None = None,
    *,
    context: int | None = None,
    dynamic: float | None = None,
    on_row: Callable[[ItemRow], None] | None = None,
    trust: bool = False,
    device: str | None = None,
    notify: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Score a run on a split of its corpus, or other data.

    Args:
        run: The run directory.
        split: `train`, `dev` or `test`.
        data: Another file or table, instead of a split; or tables by split, one of which is meant. Tables are those of
            `train`; a run that was trained from memory needs them. `OtherData` tells reader and columns of files.
        context: For language models: score in independent windows of this many tokens.
        dynamic: For language models: learning rate of dynamic evaluation.
        on_row: Called with each item of the split: gold, predicted, right or wrong, score or loss, and its row, from 1,
            among those that were read. Language models are then read with their whole context.
        trust: Consent to run the Python that the run brings along; it is remembered.
        device: Where it computes, as in `load`.
        notify: Called with each warning about the data, one line each.

    Returns:
        `run`, `task`, `split`, `scores` by name, the number of `items` scored and the `seconds` it took; for a
        split that was scored after the training also `baselines`, the scores of trivial systems by their name.
    """
    with notes_to(notify):
        opened = open_split(run, split, data, trust, device)
    task = opened.task
    for notice in task.notices(opened.examples):
        notify(f"{opened.name}: {notice}")
    if context is not None or dynamic is not None:
        task = task.rescored(context, dynamic)
    begun = time.perf_counter()
    with notes_to(notify):
        scores = score(task, opened.model, opened.examples, opened.precision)
    seconds = time.perf_counter() - begun
    if on_row is not None:
        with torch.inference_mode(), computing_in(opened.precision, opened.model.device):
            for row in task.item_rows(opened.model, opened.examples, opened.table):
                on_row(row)
    kept = opened.run.scores().get(split, {}) if opened.name == split else {}
    return {
        "run": str(run),
        "task": opened.task.name,
        "split": opened.name,
        "scores": scores,
        "baselines": kept.get("baselines", {}),
        "items": opened.examples.items,
        "seconds": round(seconds, 3),
    }


def model_summary(
    recipe: AnyRecipe,
    overrides: Sequence[str] = (),
    *,
    trust: bool = False,
    notify: Callable[[str], None] = lambda line: None,
) -> ModelSummary:
    """Describe the model that a recipe would train: layers, shapes, parameters, operations, equations.

    The corpus is read, if it is there, as sizes depend on its words and labels; nothing is trained or written.

    Args:
        recipe: A file, the bare name of a recipe that ships, or settings in Python.
        overrides: `key=value` settings over those of the recipe.
        trust: Consent to run the Python that the recipe of a run brings along.
        notify: Called with each warning about the data, one line each.

    Raises:
        seqnlp.errors.SeqnlpError: what is wrong with the recipe.
    """
    import_tasks()
    source = RecipeSource.of(recipe)
    loaded = source.load(overrides, trust)
    if not isinstance(loaded, TaskRecipe):
        raise UsageError(f"{source.file}: a recipe of {type(loaded).__name__} has no model that can be told")
    with notes_to(notify):
        return summarize(loaded, path_resolver(source.file))


def backtest(
    run: str | Path,
    data: str | Path | OtherData | None = None,
    *,
    split: str = "test",
    stride: int = 1,
    level: float | None = None,
    series: Sequence[str] = (),
    trust: bool = False,
    notify: Callable[[str], None] = lambda line: None,
) -> RollingForecasts:
    """Forecast from rolling origins, beside what came.

    Args:
        run: The run of a forecaster.
        data: A file of series, or a period of it, instead of a split; `OtherData` tells its reader.
        split: `train`, `dev` or `test`.
        stride: Steps between the origins of a series.
        level: The share of values that is to lie in the intervals, in percent; left out: 80, if the model
            forecasts a distribution.
        series: Only these series; all if there is none.
        trust: Consent to run the Python that the run brings along; it is remembered.
        notify: Called with each warning about the data, one line each.

    Raises:
        seqnlp.errors.UsageError: the run is no forecaster; a level or a series that it does not have.
    """
    from seqnlp.tasks.forecast.dataset import Windows
    from seqnlp.tasks.forecast.task import ForecastTask

    HORIZON.check(stride=stride)
    if level is not None and not 0 < level < 100:
        raise UsageError(f"level {level:g}: expected a share in percent, between 0 and 100")
    with notes_to(notify):
        opened = open_split(run, split, data, trust)
    if not isinstance(opened.task, ForecastTask) or not isinstance(opened.examples, Windows):
        noun = task_info(opened.task.name).noun
        raise UsageError(f"{run}: a backtest is of a forecaster; this run is {noun}")
    for line in opened.task.notices(opened.examples):
        notify(f"{split if data is None else data}: {line}")
    with torch.inference_mode(), computing_in(opened.precision, opened.model.device):
        return opened.task.rolling(opened.model, opened.examples.rolling(stride), level, series)


def check_finished(
    run: str | Path,
    recipe: AnyRecipe,
    overrides: Sequence[str] = (),
    *,
    data: Mapping[str, GivenTable] | None = None,
    trust: bool = False,
) -> bool:
    """Check that a finished run has this recipe and the present data.

    Returns:
        False if it can be trained further: the recipe has more epochs now.

    Raises:
        seqnlp.errors.SeqnlpError: what resuming its training would raise.
    """
    import_tasks()
    begun, source = Run.at(run), RecipeSource.of(recipe)
    wanted, _, before = _wanted(source, overrides, data, begun, trust)
    _check_same_corpus(begun, wanted.corpus(path_resolver(source.file)), wanted.data.splits)
    return before is None or wanted.training.epochs <= before.training.epochs


def asks_for_folds(recipe: AnyRecipe, overrides: Sequence[str] = (), trust: bool = False) -> bool:
    """True for a recipe that asks for a run for each fold."""
    import_tasks()
    data = RecipeSource.of(recipe).load(overrides, trust).data
    return data.folds is not None and data.fold is None


def load(run: str | Path, *, trust: bool = False, device: str | None = None) -> Any:
    """Open a run for use.

    Args:
        run: The run directory.
        device: Where it computes: `cpu`, `cuda`, `cuda:1`, `mps`, or `auto`, a CUDA GPU if there is one, else the CPU.
            Left out: the CPU, whose predictions are the same on every machine. It need not be that of the training.
        trust: Consent to run the Python that the run brings along, its plugins; it is remembered. A run that was
            trained by this user needs none.

    Returns:
        The predictor of its task: a `seqnlp.tasks.tag.predictor.Tagger` for a tagger, and so on.

    Raises:
        seqnlp.errors.UntrustedPlugin: the run brings Python without consent; nothing was run.
        seqnlp.errors.RunError: it is missing or damaged.
        seqnlp.errors.UsageError: there is no such device.
    """
    opened = Run.open(run)
    name = device or opening_device()
    task, model = rebuild(opened, recipe_of(opened, trust), find_device(name))
    predictor = task.predictor(model)
    predictor.origin = RunOrigin(os.path.abspath(opened.path), opened.version(), _reopen, name)
    return predictor


def _reopen(path: str, version: str, device: str | None) -> Predictor:
    """Open the run of a pickled predictor.

    Raises:
        seqnlp.errors.RunError: it is another one by now.
    """
    if in_fork():  # OpenMP's threads of the first process are not there, and would be waited for
        torch.set_num_threads(1)
        device = CPU.type  # CUDA can't be used in a fork of a process that has used it
    predictor: Predictor = load(path, device=device)
    if predictor.origin is None or predictor.origin.version != version:
        raise RunError("it has changed since the predictor was pickled", path)
    return predictor


def _wanted(
    source: RecipeSource,
    overrides: Sequence[str],
    tables: Tables | None,
    resumed: Run | None,
    trust: bool,
    processes: int = 1,
) -> tuple[TaskRecipe, dict[str, bytes], TaskRecipe | None]:
    """Load a training's recipe, its plugins, and the recipe it began with.

    They are checked against the run whose training is resumed, if any.
    """
    loaded = source.load(overrides, trust, in_memory=tables is not None)
    if tables is not None:
        loaded = loaded.given(tables)
    plugins = copies(loaded.plugins)
    if resumed is None:
        return _resolve_auto(loaded, None, processes), plugins, None
    _check_same_plugins(resumed, plugins)  # before those of the run are run
    before = _placed_recipe(recipe_of(resumed, trust))
    _check_given(resumed.path, before.data, None if tables is None else loaded.data)
    wanted = _resolve_auto(loaded, before, processes, resumed.meta().get("processes", 1))
    _check_same_recipe(resumed.path, before, wanted)
    return wanted, plugins, before


def _placed_recipe(recipe: TaskRecipe) -> TaskRecipe:
    """Recipe of a run with the device and micro-batches of its training.

    Earlier versions trained on the CPU and had a micro-batch a thread; they kept neither.
    """
    training = recipe.training
    device = CPU.type if training.device == "auto" else training.device
    parts = training.micro_batches or replicas_of(kind_of_device(device), training.threads)
    placed = {"device": device, "micro_batches": parts}
    return recipe.model_copy(update={"training": training.model_copy(update=placed)})


def _resolve_auto(recipe: Recipe, before: TaskRecipe | None, processes: int = 1, began_with: int = 1) -> TaskRecipe:
    """Resolve `auto` and 0 for this machine, or as the training began; with the numbers of processes now and then."""
    assert isinstance(recipe, TaskRecipe)
    requested = recipe.training
    device = requested.device
    if device == "auto":
        device = find_device("auto").type if before is None else before.training.device
    try:
        place = find_device(device, "training.device")
    except UsageError as error:
        if before is None or device != before.training.device:
            raise
        raise UsageError(f"{error}; the training began there, --device cpu goes on with it here") from None
    threads = before.training.threads if before is not None and processes == began_with else torch.get_num_threads()
    threads = requested.threads or threads
    if before is not None and kind_of_device(device) == kind_of_device(before.training.device):
        micro_batches = before.training.micro_batches
    else:
        micro_batches = replicas_of(kind_of_device(device), threads) * processes
    precision = (
        before.training.precision if before is not None else resolve(requested.precision, place, recipe.carries_state)
    )
    chosen = {
        "device": device,
        "threads": threads,
        "micro_batches": requested.micro_batches or micro_batches,
        "precision": precision if requested.precision == "auto" else requested.precision,
    }
    return recipe.model_copy(update={"training": requested.model_copy(update=chosen)})


def _check_same_plugins(run: Run, plugins: Mapping[str, bytes]) -> None:
    """Check that a run was begun with these plugins; whoever has run them just now has consented to its copies."""
    before = run.load_plugins()
    changed = [name for name in {**before, **plugins} if before.get(name) != plugins.get(name)]
    if changed and (before or run.digests() is not None):  # runs of an earlier version carry none
        raise UsageError(f"{run.path}: can't resume, the plugin {changed[0]} has changed since the training began")
    for name in before:
        consent.remember(before[name], run.path / PLUGINS / name)


def _check_given(path: Path, before: Data, now: Data | None) -> None:
    """Check that a training goes on with data of the same kind.

    Args:
        path: The run.
        before: Its data.
        now: Present data, if they are in memory.
    """
    if before.in_memory and now is None:
        way = "seqnlp.train(recipe, data=..., out=..., resume=True)"
        raise UsageError(f"{path}: its data were given in Python, and the run does not keep them; go on there: {way}")
    if now is None:
        return
    if not before.in_memory:
        raise UsageError(f"{path}: can't resume with data in memory, the training began with {before.train}")
    for name in {**before.splits, **now.splits}:
        if name not in now.splits:
            raise UsageError(f"{path}: can't resume, the training began with a {name} split, which is not given")
        if name not in before.splits:
            raise UsageError(f"{path}: can't resume, a {name} split is given, which the training began without")


def _check_same_recipe(path: Path, before: TaskRecipe, now: TaskRecipe) -> None:
    """Check that nothing but adjustable settings differs."""
    differing = _differences(_without_adjustable(before), _without_adjustable(now))
    if differing:
        raise UsageError(f"{path}: can't resume, the recipe has changed since ({'; '.join(differing)})")


def _without_adjustable(recipe: TaskRecipe) -> dict[str, Any]:
    left_out: Any = {"plugins": True, "training": set(recipe.training.adjustable)}
    return recipe.model_dump(exclude=left_out)


def _check_epochs(path: Path, wanted: TaskRecipe, saved: tuple[Mapping[str, Any], Mapping[str, Any]] | None) -> None:
    done = 0 if saved is None else saved[1].get("epoch", 0)
    if isinstance(done, int) and wanted.training.epochs < done:
        raise UsageError(
            f"{path}: can't resume, {done} epochs are done, but training.epochs is {wanted.training.epochs}"
        )


def _adjust(run: Run, before: TaskRecipe, now: TaskRecipe, notify: Callable[[str], None]) -> None:
    """Save the settings that a resumed training changes, with a note."""
    differing = _differences(before.training.model_dump(), now.training.model_dump(), "training")
    if not differing:
        run.replace_recipe(run.recipe_text())  # a kill may have left the digest of another one beside its own
        return
    run.replace_recipe(dump_recipe(now.model_copy(update={"plugins": before.plugins})))
    notify(f"{run.path}: {'; '.join(differing)}")
    old, new = (kind_of_device(each.training.device) for each in (before, now))
    if old != new:
        told = "its weights will not be those of a training without a pause, which only one kind of device gives"
        notify(f"{run.path}: begun on {old}, it goes on on {new}: {told}")
    if old == new and now.training.micro_batches != before.training.micro_batches:
        notify(f"{run.path}: with other micro-batches its weights will not be those of a training without a pause")
    if now.training.epochs != before.training.epochs and now.optimizer.schedule not in ("constant", "plateau"):
        notify(
            f"the learning rate goes on as in a training of {now.training.epochs} epochs "
            f"(optimizer.schedule is {now.optimizer.schedule!r})"
        )


def _record_machine(run: Run, trainer: Trainer) -> None:
    """Record another device, or another number of processes, of a resumed training."""
    meta, now = run.meta(), describe_device(trainer.model.device)
    changed: dict[str, Any] = {}
    if not str(meta.get("device", now)).endswith(now):
        changed["device"] = f"{meta['device']}, then {now}"
    if meta.get("processes", 1) != trainer.processes.size:
        changed["processes"] = trainer.processes.size
    if changed:
        run.save_meta({**meta, **changed})


def _differences(old: Any, new: Any, key: str = "") -> list[str]:
    """List the keys in which two resolved recipes differ, with both values."""
    if isinstance(old, dict) and isinstance(new, dict):
        names = list(dict.fromkeys([*old, *new]))
        return [
            line for name in names for line in _differences(old.get(name), new.get(name), f"{key}.{name}".lstrip("."))
        ]
    return [] if old == new else [f"{key} was {_told(old)}, is {_told(new)}"]


def _told(value: Any) -> str:
    return "left out" if value is None else repr(value)


def _check_used(recipe: TaskRecipe, model: SequenceModel, source: RecipeSource, overrides: Sequence[str]) -> None:
    """Refuse settings of the encoder that have no effect on its network."""
    unused = recipe.encoder.unused_in(model.encoder)
    faults = [Fault(f"encoder.{key}", f"no effect: {reason}", "leave it out") for key, reason in unused]
    if faults:
        raise RecipeError(source.place_faults(faults, overrides))


def _begin(
    path: Path,
    recipe: TaskRecipe,
    plugins: Mapping[str, bytes],
    name: str,
    file: Path,
    task: Task,
    corpus: Corpus,
    trainer: Trainer,
    begun: StartRun | None = None,
    taken: Mapping[str, str] | None = None,
) -> Run:
    """Create the run directory. Call it once recipe and data have passed their checks.

    The run gets copies of its plugins, so that it can be moved; whoever has trained it has consented to them.
    """
    run = Run.create(path, overwrite=True)
    for plugin, content in plugins.items():
        consent.remember(content, run.save_plugin(plugin, content))
    run.save_recipe(dump_recipe(recipe.model_copy(update={"plugins": [f"{PLUGINS}/{plugin}" for plugin in plugins]})))
    codecs = task.codecs()
    for column, codec in codecs.items():
        run.save_codec(column, codec.to_json())
        if codec.weights:
            run.save_codec_weights(column, codec.weights)
    device = describe_device(trainer.model.device)
    processes = trainer.processes.size
    meta = describe_training(name, device, recipe.training.threads, corpus.hashes, processes=processes)
    origins = {
        f"{part}.{name}".rstrip("."): origin.to_json()
        for part, codec in codecs.items()
        for name, origin in codec.origins.items()
    }
    start: dict[str, Any] = {}
    if begun is not None:
        origins = begun.knowledge() | origins
        start = {"start": {**begun.describe(), "parts": dict(taken or {})}}
    knowledge = {"knowledge": origins} if origins else {}
    shards = {} if corpus.shards is None else {"shards": dict(corpus.shards)}
    run.save_meta({**meta, **shards, **knowledge, **start, "recipe_file": str(file.resolve())}, digests=True)
    return run


def _note_damaged_scores(run: Run, notify: Callable[[str], None]) -> None:
    try:
        run.scores()
    except RunError as error:
        notify(f"{error}; they are measured anew")


def _check_same_corpus(run: Run, corpus: Corpus, sources: Mapping[str, str]) -> None:
    if corpus.shards is not None:
        _check_same_shards(run, corpus.shards)
    before = run.meta().get("corpus", {})
    for split, found in corpus.hashes.items():
        if before.get(split, found) != found:  # runs of older versions have no hash of what is not a file
            source = sources.get(split, sources["train"])
            place = "as it is given" if is_memory(source) else source
            name = f"{split} split ({place if split in sources else f'drawn from {source}'})"
            raise RunError(f"can't resume, the {name} has changed since the training began", run.path)


def _check_same_shards(run: Run, shards: Mapping[str, str]) -> None:
    """Check that a stream has the shards with which the training began."""
    before = run.meta().get("shards", {})
    for name in {**before, **shards}:
        problem = "is gone" if name not in shards else "is new" if name not in before else "has changed"
        if before.get(name) != shards.get(name):
            raise RunError(f"can't resume, the shard {name} of train {problem} since the training began", run.path)


def _trainer(
    recipe: TaskRecipe,
    task: Task,
    splits: dict[str, EncodedDataset],
    show: Preview,
    notify: Callable[[str], None] = lambda line: None,
    model: SequenceModel | None = None,
    old: StartScores | None = None,
    group: ProcessGroup | None = None,
) -> Trainer:
    dev = splits["dev"]

    def scores(model: SequenceModel) -> dict[str, float]:
        with notes_to(notify):
            return task.dev_scores(model, dev) | ({} if old is None else old(model))

    if model is None:
        model = _model(recipe, task)[0]
    groups = _layer_groups(recipe, model)
    epochs = recipe.training.epochs
    if late := [group for group in groups if group.frozen_epochs >= epochs]:
        names = ", ".join(group.name for group in late)
        reached = max(group.frozen_epochs for group in late)
        notify(f"frozen to the end: {names} ({counted(reached, 'epochs')} at first, and training.epochs = {epochs})")
    return Trainer(
        model,
        splits["train"],
        scores,
        task.metric,
        recipe.optimizer,
        recipe.training,
        recipe.seed,
        task.items_name,
        show,
        groups,
        group,
    )


def _model(recipe: TaskRecipe, task: Task, begun: StartRun | None = None) -> tuple[SequenceModel, dict[str, str]]:
    """Build a model, maybe with weights of another run; also returns the account of these."""
    torch.manual_seed(recipe.seed)
    with on_one_thread():  # orthogonal matrices are rounded otherwise on several
        model = task.build()
    return model, {} if begun is None else take_over(model, task, recipe, begun)


def _layer_groups(recipe: TaskRecipe, model: SequenceModel) -> list[LayerGroup]:
    """Layer groups of a model; none if all of it is trained alike."""
    start = recipe.start
    if start is None or not (start.freeze or start.gradual_unfreezing or start.layer_decay < 1):
        return []
    groups = model.layer_groups()
    try:
        return decayed_groups(groups, start.layer_decay, start.frozen_epochs(list(groups)))
    except ValueError as error:
        key, _, problem = str(error).partition(": ")
        raise RecipeError([Fault(key, problem)]) from None


def _finish(
    run: Run,
    trainer: Trainer,
    task: Task,
    splits: dict[str, EncodedDataset],
    compared: bool,
    old: StartScores | None = None,
) -> Done:
    """Score the best weights, maybe beside trivial systems; record the result."""
    model, now = trainer.model, trainer.progress
    trainer.release()
    _load_best(run, model)
    return_free_memory()
    _calibrate(run, trainer, task, splits["dev"])
    baselines = task.baselines(whole_splits(splits), trainer.settings, trainer.seed) if compared else {}
    scores: Scores = {}
    for name in ("dev", "test"):
        if name in splits:
            scores[name] = score(task, model, splits[name], trainer.precision)
            if name == "dev" and old is not None:
                scores[name] |= trainer.scored(old)
            if name in baselines:
                scores[name]["baselines"] = baselines[name]
    metric = task.metric
    trivial = {name: each[metric.name] for name, each in baselines.get("dev", {}).items() if metric.name in each}
    if metric.name in scores["dev"]:
        advice = baseline_advice(metric.name, scores["dev"][metric.name], trivial, metric.higher_is_better)
        if advice is not None:
            note(advice)
    scores["training"] = {
        "seconds": round(now.seconds, 2),
        "tokens_per_second": round(now.items / max(now.stepping, 1e-9), 1),
        "epochs": now.epoch,
        "steps": now.step,
    }
    run.save_scores(scores)
    run.save_card(model_card(task.info, run.recipe_text(), scores, run.meta()))
    done = Done(now.step, now.epoch, now.seconds, trainer.reason, now.best)
    run.append(done)
    return done


def _load_best(run: Run, model: SequenceModel) -> None:
    """Load the best weights."""
    with fitting(run, "its weights"):
        weights = run.load_model()
        check_shapes(weights, model.state_dict())
        model.load_state_dict(weights)


def _calibrate(run: Run, trainer: Trainer, task: Task, dev: EncodedDataset) -> None:
    """Calibrate probabilities on dev, if the recipe asks; save them with the weights."""
    trainer.model.eval()
    with torch.inference_mode(), computing_in("fp32", trainer.model.device):  # as predictors compute
        fitted = task.calibrate(trainer.model, dev)
    if fitted:
        _check_finite(trainer.model.state_dict(), trainer.progress.step)
        run.save_model(trainer.model.state_dict())
