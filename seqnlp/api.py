"""Public calls: train, evaluate, load."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from seqnlp.errors import DataError, Diverged, Fault, RecipeError, RunError, UsageError, error_context
from seqnlp.events import Done, Evaluated, Event, Saved, Stepped
from seqnlp.limits import HORIZON
from seqnlp.model import SequenceModel
from seqnlp.notes import note, notes_to, once
from seqnlp.readers.base import Corpus
from seqnlp.recipe import Recipe, consent, dump_recipe, find_recipe, load_recipe
from seqnlp.recipe.load import path_resolver, place_faults
from seqnlp.recipe.plugins import copies
from seqnlp.results import ModelSummary
from seqnlp.run import Run
from seqnlp.run.directory import PLUGINS, RECIPE
from seqnlp.run.lock import RunLock
from seqnlp.run.meta import describe_training
from seqnlp.run.tensors import not_finite
from seqnlp.tasks.base import ItemRow, Scores, Task, TaskRecipe, task_class
from seqnlp.tasks.loading import encode, fitting, open_split, rebuild, recipe_of, restore, score
from seqnlp.tasks.model_card import model_card
from seqnlp.tasks.model_summary import summarize
from seqnlp.tasks.registry import import_tasks, task_info
from seqnlp.training import EncodedDataset, Preview, Trainer
from seqnlp.training.advice import FlatLoss, baseline_advice, dev_advice, settings_advice
from seqnlp.training.checkpoint import check_shapes
from seqnlp.training.precision import computing_in, for_scores, resolve

if TYPE_CHECKING:
    from seqnlp.tasks.forecast.backtest import RollingForecasts

LOG_EVERY = 0.5
"""Seconds between the steps that are written to events.jsonl."""


def train(
    recipe: str | Path,
    overrides: Sequence[str] = (),
    out: str | Path | None = None,
    *,
    resume: bool = False,
    overwrite: bool = False,
    trust: bool = False,
    notify: Callable[[str], None] = lambda line: None,
) -> Generator[Event, None, None]:
    """Train a recipe into a run directory; closing the iterator saves a checkpoint.

    Args:
        recipe: A file, or the bare name of a recipe that ships.
        overrides: `key=value` settings over those of the recipe.
        out: The run directory; `runs/<name of the recipe>` if left out.
        resume: Continue the existing run.
        overwrite: Replace the existing run.
        trust: Consent to run the Python that a run brings along, where its recipe is trained or its training
            resumed; it is remembered. The plugins of other recipes need no consent.
        notify: Called with each warning about the data, one line each.

    Raises:
        seqnlp.errors.SeqnlpError: for every error that a user can cause.
    """
    if resume and overwrite:
        raise UsageError("--resume and --overwrite contradict each other: choose one")
    import_tasks()
    notify = once(notify)  # evaluations would repeat them
    file = find_recipe(str(recipe))
    path = Path(out) if out is not None else Path("runs") / file.stem
    with RunLock(path) as lock:
        if Run.is_run(path) and (resume or overwrite):
            Run(path).check_own()
            lock.acquire()
        yield from _train(file, overrides, path, lock, resume, overwrite, trust, notify)


def _train(
    file: Path,
    overrides: Sequence[str],
    path: Path,
    lock: RunLock,
    resume: bool,
    overwrite: bool,
    trust: bool,
    notify: Callable[[str], None],
) -> Generator[Event, None, None]:
    """Train in a folder. Its lock is held, or taken before the first write."""
    begun = Run.resume(path) if resume and Run.is_run(path) else None
    resumed = begun if begun is not None and begun.has_state else None
    wanted, plugins = _wanted(file, overrides, resumed, trust)
    saved = None
    if resumed is not None:
        saved = resumed.load_state()
        _note_damaged_scores(resumed, notify)
    else:
        Run.check_free(path, overwrite or resume)
    torch.set_num_threads(wanted.training.threads)

    if begun is not None and file.resolve() == (path / RECIPE).resolve() and begun.recipe_file.name:
        file = begun.recipe_file  # the run's original recipe: the files that it names lie beside it
    find = path_resolver(file)
    with notes_to(notify):
        corpus = wanted.corpus(find)
    run = Run(path)
    if saved is None:
        with notes_to(notify), error_context("train"):
            task = task_class(wanted).fit(wanted, corpus.splits["train"], find)
    else:
        _check_same_corpus(run, corpus, wanted.data.splits)
        task = restore(run, wanted)
    with nullcontext() if saved is None else fitting(run, "its codecs"):
        splits = {name: encode(task, wanted, name, split) for name, split in corpus.splits.items()}
        for name, examples in splits.items():
            for notice in task.notices(examples):
                notify(f"{name}: {notice}")
        show = task.preview(corpus.splits["dev"], wanted.seed)
        corpus.splits.clear()  # what is encoded need not stay mapped into memory
        trainer = _trainer(wanted, task, splits, show, notify)
    if saved is None:
        _check_used(wanted, trainer.model, file, overrides)
        for line in _advice(wanted, task, trainer, splits):
            notify(line)
        lock.acquire()
        run = _begin(path, wanted, plugins, file, task, corpus, trainer.model.device)
    else:
        with fitting(run, "its checkpoint"):
            trainer.restore(*saved)
    try:
        yield from _record(run, trainer, splits["dev"].items, notify)
        with notes_to(notify):
            done = _finish(run, trainer, task, splits)
        yield done
    except DataError as error:
        raise error.replace(hint=error.hint or _kept(run)) from error.__cause__


def _advice(recipe: TaskRecipe, task: Task, trainer: Trainer, splits: Mapping[str, EncodedDataset]) -> Iterator[str]:
    """Find settings that can't work well with the corpus."""
    yield from settings_advice(recipe.training, recipe.optimizer, splits["train"], recipe.seed, trainer.steps)
    yield from dev_advice(splits["dev"], recipe.rows_name, task.items_name, "dev" in recipe.data.drawn)
    yield from task.advice(splits)


def _record(run: Run, trainer: Trainer, dev_items: int, notify: Callable[[str], None]) -> Iterator[Event]:
    """Record events, and save checkpoints at evaluations, by time, and on exit."""
    watch = FlatLoss(trainer.schedule.lr)
    logged = saved = time.monotonic()
    checkpoint: int | None = None
    try:
        for event in trainer.events(trainer.estimate(dev_items)):
            now = time.monotonic()
            if (advice := watch.hear(event)) is not None:
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
            if due:
                _save_state(run, trainer)
                saved, checkpoint = time.monotonic(), trainer.progress.step
                safe = Saved(event.step, event.epoch, event.seconds)
                run.append(safe)
                yield safe
    except (GeneratorExit, Diverged) as reason:
        if checkpoint != trainer.progress.step:
            with suppress(Diverged):
                _save_state(run, trainer)
        if isinstance(reason, Diverged):
            raise Diverged(f"{reason}; {_kept(run)}; --overwrite starts over") from None
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
    data: str | Path | None = None,
    *,
    context: int | None = None,
    dynamic: float | None = None,
    on_row: Callable[[ItemRow], None] | None = None,
    trust: bool = False,
    notify: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Score a run on a split of its corpus, or another file.

    Args:
        run: The run directory.
        split: `train`, `dev` or `test`.
        data: Another file, instead of a split.
        context: For language models: score in independent windows of this many tokens.
        dynamic: For language models: learning rate of dynamic evaluation.
        on_row: Called with each item of the split: gold, predicted, right or wrong, score or loss, and its row, from 1,
            among those that were read. Language models are then read with their whole context.
        trust: Consent to run the Python that the run brings along; it is remembered.
        notify: Called with each warning about the data, one line each.

    Returns:
        `run`, `task`, `split`, `scores` by name, the number of `items` scored and the `seconds` it took; for a
        split that was scored after the training also `baselines`, the scores of trivial systems by their name.
    """
    with notes_to(notify):
        opened = open_split(run, split, data, trust)
    task = opened.task
    for notice in task.notices(opened.examples):
        notify(f"{split if data is None else data}: {notice}")
    if context is not None or dynamic is not None:
        task = task.rescored(context, dynamic)
    begun = time.perf_counter()
    with notes_to(notify):
        scores = score(task, opened.model, opened.examples, for_scores(opened.recipe.training.precision))
    seconds = time.perf_counter() - begun
    if on_row is not None:
        with torch.inference_mode(), computing_in(for_scores(opened.recipe.training.precision), opened.model.device):
            for row in task.item_rows(opened.model, opened.examples, opened.table):
                on_row(row)
    kept = opened.run.scores().get(split, {}) if data is None else {}
    return {
        "run": str(run),
        "task": opened.task.name,
        "split": split if data is None else str(data),
        "scores": scores,
        "baselines": kept.get("baselines", {}),
        "items": opened.examples.items,
        "seconds": round(seconds, 3),
    }


def model_summary(
    recipe: str | Path,
    overrides: Sequence[str] = (),
    *,
    trust: bool = False,
    notify: Callable[[str], None] = lambda line: None,
) -> ModelSummary:
    """Describe the model that a recipe would train: layers, shapes, parameters, operations, equations.

    The corpus is read, if it is there, as sizes depend on its words and labels; nothing is trained or written.

    Args:
        recipe: A file, or the bare name of a recipe that ships.
        overrides: `key=value` settings over those of the recipe.
        trust: Consent to run the Python that the recipe of a run brings along.
        notify: Called with each warning about the data, one line each.

    Raises:
        seqnlp.errors.SeqnlpError: what is wrong with the recipe.
    """
    import_tasks()
    file = find_recipe(str(recipe))
    loaded = load_recipe(file, overrides, trust)
    if not isinstance(loaded, TaskRecipe):
        raise UsageError(f"{file}: a recipe of {type(loaded).__name__} has no model that can be told")
    with notes_to(notify):
        return summarize(loaded, path_resolver(file))


def backtest(
    run: str | Path,
    data: str | Path | None = None,
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
        data: A file of series, or a period of it, instead of a split.
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
    from seqnlp.tasks.forecast.backtest import LEVEL
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
    with torch.inference_mode(), computing_in(for_scores(opened.recipe.training.precision), opened.model.device):
        return opened.task.rolling(opened.model, opened.examples.rolling(stride), level or LEVEL, series)


def check_finished(run: str | Path, recipe: str | Path, overrides: Sequence[str] = (), *, trust: bool = False) -> None:
    """Check that a finished run has this recipe and the present data.

    Raises:
        seqnlp.errors.SeqnlpError: what resuming its training would raise.
    """
    import_tasks()
    begun, file = Run.at(run), find_recipe(str(recipe))
    wanted, _ = _wanted(file, overrides, begun, trust)
    _check_same_corpus(begun, wanted.corpus(path_resolver(file)), wanted.data.splits)


def load(run: str | Path, *, trust: bool = False) -> Any:
    """Open a run for use.

    Args:
        run: The run directory.
        trust: Consent to run the Python that the run brings along, its plugins; it is remembered. A run that was
            trained by this user needs none.

    Returns:
        The predictor of its task: a `seqnlp.tasks.tag.predictor.Tagger` for a tagger, and so on.

    Raises:
        seqnlp.errors.UntrustedPlugin: the run brings Python without consent; nothing was run.
        seqnlp.errors.RunError: it is missing or damaged.
    """
    opened = Run.open(run)
    task, model = rebuild(opened, recipe_of(opened, trust))
    return task.predictor(model)


def _wanted(
    file: Path, overrides: Sequence[str], resumed: Run | None, trust: bool
) -> tuple[TaskRecipe, dict[str, bytes]]:
    """Load the recipe of a training, and its plugins by name.

    Both are checked against the run whose training is resumed, if any.
    """
    loaded = load_recipe(file, overrides, trust)
    plugins = copies(loaded.plugins)
    if resumed is None:
        return _resolve_auto(loaded, None), plugins
    _check_same_plugins(resumed, plugins)  # before those of the run are run
    before = recipe_of(resumed, trust)
    wanted = _resolve_auto(loaded, before)
    _check_same_recipe(resumed.path, before, wanted)
    return wanted, plugins


def _resolve_auto(recipe: Recipe, before: TaskRecipe | None) -> TaskRecipe:
    """Resolve `auto` and 0 for this machine, or as the training began."""
    assert isinstance(recipe, TaskRecipe)
    requested = recipe.training
    threads = before.training.threads if before is not None else torch.get_num_threads()
    precision = before.training.precision if before is not None else resolve(requested.precision)
    chosen = {
        "threads": requested.threads or threads,
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


def _check_same_recipe(path: Path, before: TaskRecipe, now: TaskRecipe) -> None:
    differing = _differences(before.model_dump(exclude={"plugins"}), now.model_dump(exclude={"plugins"}))
    if differing:
        raise UsageError(f"{path}: can't resume, the recipe has changed since ({'; '.join(differing)})")


def _differences(old: Any, new: Any, key: str = "") -> list[str]:
    """List the keys in which two resolved recipes differ, with both values."""
    if isinstance(old, dict) and isinstance(new, dict):
        names = list(dict.fromkeys([*old, *new]))
        return [
            line for name in names for line in _differences(old.get(name), new.get(name), f"{key}.{name}".lstrip("."))
        ]
    return [] if old == new else [f"{key} was {old!r}, is {new!r}"]


def _check_used(recipe: TaskRecipe, model: SequenceModel, file: Path, overrides: Sequence[str]) -> None:
    """Refuse settings of the encoder that have no effect on its network."""
    unused = recipe.encoder.unused_in(model.encoder)
    faults = [Fault(f"encoder.{key}", f"no effect: {reason}", "leave it out") for key, reason in unused]
    if faults:
        raise RecipeError(place_faults(faults, file, overrides))


def _begin(
    path: Path,
    recipe: TaskRecipe,
    plugins: Mapping[str, bytes],
    file: Path,
    task: Task,
    corpus: Corpus,
    device: torch.device,
) -> Run:
    """Create the run directory. Call it once recipe and data have passed their checks.

    The run gets copies of its plugins, so that it can be moved; whoever has trained it has consented to them.
    """
    run = Run.create(path, overwrite=True)
    for name, content in plugins.items():
        consent.remember(content, run.save_plugin(name, content))
    run.save_recipe(dump_recipe(recipe.model_copy(update={"plugins": [f"{PLUGINS}/{name}" for name in plugins]})))
    for name, codec in task.codecs().items():
        run.save_codec(name, codec.to_json())
    meta = describe_training(file.stem, str(device), recipe.training.threads, corpus.hashes)
    run.save_meta({**meta, "recipe_file": str(file.resolve())}, digests=True)
    return run


def _note_damaged_scores(run: Run, notify: Callable[[str], None]) -> None:
    try:
        run.scores()
    except RunError as error:
        notify(f"{error}; they are measured anew")


def _check_same_corpus(run: Run, corpus: Corpus, sources: Mapping[str, str]) -> None:
    before = run.meta().get("corpus", {})
    for split, found in corpus.hashes.items():
        if before.get(split, found) != found:  # runs of older versions have no hash of what is not a file
            name = f"{split} split ({sources.get(split) or 'drawn from ' + sources['train']})"
            raise RunError(f"can't resume, the {name} has changed since the training began", run.path)


def _trainer(
    recipe: TaskRecipe,
    task: Task,
    splits: dict[str, EncodedDataset],
    show: Preview,
    notify: Callable[[str], None] = lambda line: None,
) -> Trainer:
    torch.manual_seed(recipe.seed)
    dev = splits["dev"]

    def scores(model: SequenceModel) -> dict[str, float]:
        with notes_to(notify):
            return task.dev_scores(model, dev)

    return Trainer(
        task.build(),
        splits["train"],
        scores,
        task.metric,
        recipe.optimizer,
        recipe.training,
        recipe.seed,
        task.items_name,
        show,
    )


def _finish(run: Run, trainer: Trainer, task: Task, splits: dict[str, EncodedDataset]) -> Done:
    """Score the best weights and record the result."""
    model, now = trainer.model, trainer.progress
    with fitting(run, "its weights"):
        weights = run.load_model()
        check_shapes(weights, model.state_dict())
        model.load_state_dict(weights)
    _calibrate(run, trainer, task, splits["dev"])
    baselines = task.baselines(splits, trainer.settings, trainer.seed)
    scores: Scores = {}
    for name in ("dev", "test"):
        if name in splits:
            scores[name] = score(task, model, splits[name], trainer.precision)
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
    run.save_card(model_card(task_info(task.name), run.recipe_text(), scores, run.meta()))
    done = Done(now.step, now.epoch, now.seconds, trainer.reason, now.best)
    run.append(done)
    return done


def _calibrate(run: Run, trainer: Trainer, task: Task, dev: EncodedDataset) -> None:
    """Calibrate probabilities on dev, if the recipe asks; save them with the weights."""
    trainer.model.eval()
    with torch.inference_mode(), computing_in("fp32", trainer.model.device):  # as predictors compute
        fitted = task.calibrate(trainer.model, dev)
    if fitted:
        _check_finite(trainer.model.state_dict(), trainer.progress.step)
        run.save_model(trainer.model.state_dict())
