"""Public calls: train, evaluate, load."""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from seqnlp.errors import Diverged, RunError, UsageError, error_context
from seqnlp.events import Done, Evaluated, Event, Saved, Stepped
from seqnlp.readers.base import Corpus
from seqnlp.recipe import Recipe, dump_recipe, find_recipe, load_recipe
from seqnlp.recipe.load import path_resolver
from seqnlp.run import Run
from seqnlp.run.directory import RECIPE
from seqnlp.run.lock import RunLock
from seqnlp.run.meta import describe_training
from seqnlp.tasks.base import Scores, Task, TaskRecipe, task_class
from seqnlp.tasks.loading import encode, open_split, rebuild, recipe_of, score
from seqnlp.tasks.model_card import model_card
from seqnlp.tasks.registry import import_tasks, task_info
from seqnlp.training import EncodedDataset, Preview, Trainer
from seqnlp.training.precision import computing_in, for_scores, resolve

LOG_EVERY = 0.5
"""Seconds between the steps that are written to events.jsonl."""


def train(
    recipe: str | Path,
    overrides: Sequence[str] = (),
    out: str | Path | None = None,
    *,
    resume: bool = False,
    overwrite: bool = False,
    notify: Callable[[str], None] = lambda line: None,
) -> Generator[Event, None, None]:
    """Train a recipe into a run directory; closing the iterator saves a checkpoint.

    Args:
        recipe: A file, or the bare name of a recipe that ships.
        overrides: `key=value` settings over those of the recipe.
        out: The run directory; `runs/<name of the recipe>` if left out.
        resume: Continue the existing run.
        overwrite: Replace the existing run.
        notify: Called with each warning about the data, one line each.

    Raises:
        seqnlp.errors.SeqnlpError: for every error that a user can cause.
    """
    if resume and overwrite:
        raise UsageError("--resume and --overwrite contradict each other: choose one")
    import_tasks()
    file = find_recipe(str(recipe))
    path = Path(out) if out is not None else Path("runs") / file.stem
    with RunLock(path) as lock:
        if Run.is_run(path) and (resume or overwrite):
            lock.acquire()
        yield from _train(file, overrides, path, lock, resume, overwrite, notify)


def _train(
    file: Path,
    overrides: Sequence[str],
    path: Path,
    lock: RunLock,
    resume: bool,
    overwrite: bool,
    notify: Callable[[str], None],
) -> Generator[Event, None, None]:
    """Train in a folder. Its lock is held, or taken before the first write."""
    begun = Run.resume(path) if resume and Run.is_run(path) else None
    before = recipe_of(begun) if begun is not None and begun.has_state else None
    wanted = _resolve_auto(load_recipe(file, overrides), before)
    saved = None
    if begun is not None and before is not None:
        _check_same_recipe(path, before, wanted)
        saved = begun.load_state()
    if saved is None:
        Run.check_free(path, overwrite or resume)
    torch.set_num_threads(wanted.training.threads)

    if begun is not None and file.resolve() == (path / RECIPE).resolve() and begun.recipe_file.name:
        file = begun.recipe_file  # the run's original recipe: the files that it names lie beside it
    find = path_resolver(file)
    corpus = wanted.corpus(find)
    if saved is None:
        with error_context("train"):
            task = task_class(wanted).fit(wanted, corpus.splits["train"], find)
    else:
        run = Run(path)
        _check_same_corpus(run, corpus)
        task = task_class(wanted).restore(wanted, run.load_codecs())
    splits = {name: encode(task, wanted, name, split) for name, split in corpus.splits.items()}
    for name, examples in splits.items():
        for notice in task.notices(examples):
            notify(f"{name}: {notice}")

    show = task.preview(corpus.splits["dev"], wanted.seed)
    corpus.splits.clear()  # what is encoded need not stay mapped into memory
    trainer = _trainer(wanted, task, splits, show)
    if saved is None:
        lock.acquire()
        run = _begin(path, wanted, file, task, corpus, trainer.model.device)
    else:
        trainer.restore(*saved)
    yield from _record(run, trainer)
    yield _finish(run, trainer, task, splits)


def _record(run: Run, trainer: Trainer) -> Iterator[Event]:
    """Record events, and save checkpoints at evaluations, by time, and on exit."""
    logged = saved = time.monotonic()
    checkpoint: int | None = None
    try:
        for event in trainer.events():
            now = time.monotonic()
            due = now - saved >= trainer.settings.save_every
            if isinstance(event, Evaluated):
                due = True
                if event.best:
                    run.save_model(trainer.weights())
            if not isinstance(event, Stepped) or now - logged >= LOG_EVERY:
                run.append(event)
                logged = now
            yield event
            if due:
                run.save_state(*trainer.state())
                saved, checkpoint = time.monotonic(), trainer.progress.step
                safe = Saved(event.step, event.epoch, event.seconds)
                run.append(safe)
                yield safe
    except (GeneratorExit, Diverged) as reason:
        if checkpoint != trainer.progress.step:
            run.save_state(*trainer.state())
        if isinstance(reason, Diverged):
            raise Diverged(f"{reason}; {run.path} keeps the state before that, --overwrite starts over") from None
        raise
    finally:
        trainer.close()


def evaluate(
    run: str | Path,
    split: str = "test",
    data: str | Path | None = None,
    *,
    context: int | None = None,
    dynamic: float | None = None,
    notify: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Score a run on a split of its corpus, or another file.

    Args:
        run: The run directory.
        split: `train`, `dev` or `test`.
        data: Another file, instead of a split.
        context: For language models: score in independent windows of this many tokens.
        dynamic: For language models: learning rate of dynamic evaluation.
        notify: Called with each warning about the data, one line each.

    Returns:
        `run`, `task`, `split`, `scores` by name, the number of `items` scored and the `seconds` it took; for a
        split that was scored after the training also `baselines`, the scores of trivial systems by their name.
    """
    opened = open_split(run, split, data)
    task = opened.task
    for notice in task.notices(opened.examples):
        notify(f"{split if data is None else data}: {notice}")
    if context is not None or dynamic is not None:
        task = task.rescored(context, dynamic)
    begun = time.perf_counter()
    scores = score(task, opened.model, opened.examples, for_scores(opened.recipe.training.precision))
    seconds = time.perf_counter() - begun
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


def load(run: str | Path) -> Any:
    """Open a run for use.

    Returns:
        The predictor of its task: a `seqnlp.tasks.tag.predictor.Tagger` for a tagger, and so on.
    """
    opened = Run.open(run)
    task, model = rebuild(opened, recipe_of(opened))
    return task.predictor(model)


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


def _check_same_recipe(path: Path, before: TaskRecipe, now: TaskRecipe) -> None:
    differing = _differences(before.model_dump(), now.model_dump())
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


def _begin(path: Path, recipe: TaskRecipe, file: Path, task: Task, corpus: Corpus, device: torch.device) -> Run:
    """Create the run directory. Call it once recipe and data have passed their checks."""
    run = Run.create(path, overwrite=True)
    run.save_recipe(dump_recipe(recipe))
    for name, codec in task.codecs().items():
        run.save_codec(name, codec.to_json())
    meta = describe_training(file.stem, str(device), recipe.training.threads, corpus.hashes)
    run.save_meta({**meta, "recipe_file": str(file.resolve())})
    return run


def _check_same_corpus(run: Run, corpus: Corpus) -> None:
    before = run.meta().get("corpus", {})
    for split, found in corpus.hashes.items():
        if before.get(split) != found:
            raise RunError(f"can't resume, the {split} split has changed since the training began", run.path)


def _trainer(recipe: TaskRecipe, task: Task, splits: dict[str, EncodedDataset], show: Preview) -> Trainer:
    torch.manual_seed(recipe.seed)
    dev = splits["dev"]
    return Trainer(
        task.build(),
        splits["train"],
        lambda model: task.dev_scores(model, dev),
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
    model.load_state_dict(run.load_model())
    _calibrate(run, trainer, task, splits["dev"])
    baselines = task.baselines(splits, trainer.settings, trainer.seed)
    scores: Scores = {}
    for name in ("dev", "test"):
        if name in splits:
            scores[name] = score(task, model, splits[name], trainer.precision)
            if name in baselines:
                scores[name]["baselines"] = baselines[name]
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
        run.save_model(trainer.model.state_dict())
