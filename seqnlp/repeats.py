"""Training a recipe several times, one after the other: with several seeds, or on several folds."""

from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import final

from seqnlp.api import AnyRecipe, Tables, check_finished, train
from seqnlp.errors import UsageError
from seqnlp.events import Event
from seqnlp.limits import FOLDS, SEED, SEEDS
from seqnlp.notes import notes_to, once
from seqnlp.readers.tables import Table, given_splits
from seqnlp.recipe import Recipe, RecipeSource
from seqnlp.recipe.locate import key_parts
from seqnlp.run import Run
from seqnlp.run.sets import RunSet
from seqnlp.tasks.loading import recipe_of, restore
from seqnlp.tasks.registry import import_tasks


@final
@dataclass(frozen=True)
class RepeatEvent:
    """Event of one training among several."""

    number: int
    """Seed, or fold."""
    run: Path
    event: Event | None
    """Event of its training; None, once, if it was finished before."""


def seeds_folder(recipe: AnyRecipe) -> Path:
    """Default folder of the runs of a recipe with several seeds."""
    return Path("runs") / f"{RecipeSource.of(recipe).name}_seeds"


def folds_folder(recipe: AnyRecipe) -> Path:
    """Default folder of the runs of a recipe on its folds."""
    return Path("runs") / f"{RecipeSource.of(recipe).name}_folds"


def train_seeds(
    recipe: AnyRecipe,
    seeds: int = 5,
    overrides: Sequence[str] = (),
    out: str | Path | None = None,
    *,
    data: Table | Mapping[str, Table] | None = None,
    resume: bool = False,
    overwrite: bool = False,
    trust: bool = False,
    notify: Callable[[str], None] = lambda line: None,
) -> Generator[RepeatEvent, None, None]:
    """Train a recipe with several seeds into a folder of runs; closing the iterator saves a checkpoint.

    The seeds are that of the recipe and those after it; the runs are `seed_1`, `seed_2`, ... in the folder. After each
    of them, mean and spread of all scores are written beside them, into `seeds.json`.

    Args:
        recipe: A file, the bare name of a recipe that ships, or settings in Python.
        seeds: Number of trainings.
        overrides: `key=value` settings over those of the recipe.
        out: The folder of the runs; `runs/<name of the recipe>_seeds` if left out.
        data: Tables in memory, see `seqnlp.train`.
        resume: Go on where a set of trainings has ended; finished ones are not repeated.
        overwrite: Replace the runs in the folder.
        trust: Consent to run the Python that a run brings along.
        notify: Called with each warning, one line each.

    Raises:
        seqnlp.errors.SeqnlpError: what `train` raises.
    """
    SEEDS.check(seeds=seeds)
    tables, parsed = _parsed(recipe, overrides, data, resume, overwrite, trust, notify)
    if parsed.data.folds is not None and parsed.data.fold is None:
        raise UsageError(
            f"seeds and folds contradict each other: the recipe has data.folds = {parsed.data.folds}; "
            "data.fold = 1 trains one of the folds with each seed"
        )
    first = parsed.seed
    SEED.check(seed=first + seeds - 1)
    others = _without(overrides, "seed")
    if parsed.data.parts:  # else each seed would be measured on other rows
        others.append(f"data.split_seed={parsed.split_seed}")
    settings = {seed: [*others, f"seed={seed}"] for seed in range(first, first + seeds)}
    folder = RunSet(Path(out) if out is not None else seeds_folder(recipe), "seed")
    yield from _train_set(folder, settings, recipe, tables, resume, overwrite, trust, notify)


def train_folds(
    recipe: AnyRecipe,
    folds: int | None = None,
    overrides: Sequence[str] = (),
    out: str | Path | None = None,
    *,
    data: Table | Mapping[str, Table] | None = None,
    resume: bool = False,
    overwrite: bool = False,
    trust: bool = False,
    notify: Callable[[str], None] = lambda line: None,
) -> Generator[RepeatEvent, None, None]:
    """Cross-validate a recipe: train a run for each fold of train, which is held out as its test split.

    The runs are `fold_1`, `fold_2`, ... in the folder; after each of them, mean and spread of all scores are written
    into `folds.json`. Closing the iterator saves a checkpoint.

    Args:
        recipe: A file, the bare name of a recipe that ships, or settings in Python.
        folds: Number of folds; left out: `data.folds` of the recipe, or 5.
        overrides: `key=value` settings over those of the recipe.
        out: The folder of the runs; `runs/<name of the recipe>_folds` if left out.
        data: Tables in memory, see `seqnlp.train`; without test.
        resume: Go on where the trainings have ended; finished ones are not repeated.
        overwrite: Replace the runs in the folder.
        trust: Consent to run the Python that a run brings along.
        notify: Called with each warning, one line each.

    Raises:
        seqnlp.errors.SeqnlpError: what `train` raises.
    """
    if folds is not None:
        FOLDS.check(folds=folds)
        overrides = [*overrides, f"data.folds={folds}"]
    tables, parsed = _parsed(recipe, overrides, data, resume, overwrite, trust, notify)
    if tables is not None and "test" in tables:
        raise UsageError("a table is given for test, but in a cross-validation each fold is tested in turn")
    if parsed.data.fold is not None:
        raise UsageError(
            f"the recipe has data.fold = {parsed.data.fold}, one fold alone: leave it out for a run a fold"
        )
    count = parsed.data.folds or 5
    others = [*_without(overrides, "data", "folds"), f"data.folds={count}"]
    settings = {number: [*others, f"data.fold={number}"] for number in range(1, count + 1)}
    folder = RunSet(Path(out) if out is not None else folds_folder(recipe), "fold")
    yield from _train_set(folder, settings, recipe, tables, resume, overwrite, trust, notify)


def _parsed(
    recipe: AnyRecipe,
    overrides: Sequence[str],
    data: Table | Mapping[str, Table] | None,
    resume: bool,
    overwrite: bool,
    trust: bool,
    notify: Callable[[str], None],
) -> tuple[Tables | None, Recipe]:
    """Tables in memory, and the recipe that reads them or its files."""
    if resume and overwrite:
        raise UsageError("--resume and --overwrite contradict each other: choose one")
    import_tasks()
    with notes_to(notify):
        tables = None if data is None else given_splits(data)
    parsed = RecipeSource.of(recipe).load(overrides, trust, in_memory=tables is not None)
    return tables, parsed if tables is None else parsed.given(tables)


def _train_set(
    folder: RunSet,
    settings: Mapping[int, Sequence[str]],
    recipe: AnyRecipe,
    tables: Tables | None,
    resume: bool,
    overwrite: bool,
    trust: bool,
    notify: Callable[[str], None],
) -> Generator[RepeatEvent, None, None]:
    """Train a run of the set for each number, by its settings."""
    folder.check_free(resume or overwrite)
    finished = folder.finished() if resume and folder.file.is_file() else {}
    folder.begin(RecipeSource.of(recipe).name, list(settings))
    try:
        yield from _train_all(folder, settings, finished, recipe, tables, resume, overwrite, trust, once(notify))
    finally:
        if not Run.find(folder.path):  # nothing was begun
            folder.remove()


def _train_all(
    folder: RunSet,
    settings: Mapping[int, Sequence[str]],
    finished: Collection[int],
    recipe: AnyRecipe,
    tables: Tables | None,
    resume: bool,
    overwrite: bool,
    trust: bool,
    notify: Callable[[str], None],
) -> Generator[RepeatEvent, None, None]:
    """Train the runs that are not finished, and check the others."""
    begun = False
    for number, own in settings.items():
        run = folder.run(number)
        if number in finished and check_finished(run.path, recipe, own, data=tables, trust=trust):
            yield RepeatEvent(number, run.path, None)
        else:
            training = train(
                recipe, own, run.path, data=tables, resume=resume, overwrite=overwrite, trust=trust, notify=notify
            )
            with closing(training):
                for event in training:
                    if not begun:
                        _other_runs(folder, settings, overwrite, notify)
                        begun = True
                    yield RepeatEvent(number, run.path, event)
        metric = restore(run, recipe_of(run, trust)).metric
        folder.summarize(metric.name, metric.higher_is_better)


def _without(overrides: Sequence[str], *key: str) -> list[str]:
    """Overrides of all other keys."""
    names = [[name for _, name in key_parts(text.partition("=")[0].strip())] for text in overrides]
    return [text for text, found in zip(overrides, names, strict=True) if found != list(key)]


def _other_runs(folder: RunSet, numbers: Collection[int], overwrite: bool, notify: Callable[[str], None]) -> None:
    """Remove runs of other seeds or folds from a replaced set.

    Of a set that is kept they are only told.
    """
    for run in folder.others(numbers):
        if overwrite:
            run.check_removable()
            run.remove()
        else:
            notify(f"{run.path}: not among these {folder.unit}s, and not in the summary")
