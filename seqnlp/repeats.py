"""Training a recipe with several seeds, one after the other."""

from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import final

from seqnlp.api import AnyRecipe, check_finished, train
from seqnlp.errors import UsageError
from seqnlp.events import Event
from seqnlp.limits import SEED, SEEDS
from seqnlp.notes import notes_to
from seqnlp.readers.tables import GivenTable, Table, given_splits
from seqnlp.recipe import RecipeSource
from seqnlp.recipe.locate import key_parts
from seqnlp.run import Run
from seqnlp.run.seeds import SeedSet
from seqnlp.tasks.loading import recipe_of, restore
from seqnlp.tasks.registry import import_tasks


@final
@dataclass(frozen=True)
class SeedEvent:
    """Event of one training among several."""

    seed: int
    run: Path
    event: Event | None
    """Event of its training; None, once, if it was finished before."""


def seeds_folder(recipe: AnyRecipe) -> Path:
    """Default folder of the runs of a recipe with several seeds."""
    return Path("runs") / f"{RecipeSource.of(recipe).name}_seeds"


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
) -> Generator[SeedEvent, None, None]:
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
    if resume and overwrite:
        raise UsageError("--resume and --overwrite contradict each other: choose one")
    SEEDS.check(seeds=seeds)
    import_tasks()
    source = RecipeSource.of(recipe)
    with notes_to(notify):
        tables = None if data is None else given_splits(data)
    parsed = source.load(overrides, trust, in_memory=tables is not None)
    parsed = parsed if tables is None else parsed.given(tables)
    first = parsed.seed
    SEED.check(seed=first + seeds - 1)
    numbers = list(range(first, first + seeds))
    others = [text for text in overrides if not _sets_seed(text)]
    if parsed.data.drawn:  # else each seed would be measured on other rows
        others.append(f"data.split_seed={parsed.split_seed}")
    folder = SeedSet(Path(out) if out is not None else seeds_folder(recipe))
    SeedSet.check_free(folder.path, resume or overwrite)
    finished = folder.finished() if resume and SeedSet.is_set(folder.path) else {}
    folder.begin(source.name, numbers)
    try:
        yield from _train_all(folder, numbers, finished, recipe, others, tables, resume, overwrite, trust, notify)
    finally:
        if not Run.find(folder.path):  # nothing was begun
            folder.remove_summary()


def _train_all(
    folder: SeedSet,
    seeds: Sequence[int],
    finished: Collection[int],
    recipe: AnyRecipe,
    overrides: Sequence[str],
    tables: Mapping[str, GivenTable] | None,
    resume: bool,
    overwrite: bool,
    trust: bool,
    notify: Callable[[str], None],
) -> Generator[SeedEvent, None, None]:
    """Train the seeds that are not finished, and check the others."""
    begun = False
    for seed in seeds:
        run, settings = folder.run(seed), [*overrides, f"seed={seed}"]
        if seed in finished and check_finished(run.path, recipe, settings, data=tables, trust=trust):
            yield SeedEvent(seed, run.path, None)
        else:
            training = train(
                recipe, settings, run.path, data=tables, resume=resume, overwrite=overwrite, trust=trust, notify=notify
            )
            with closing(training):
                for event in training:
                    if not begun:
                        _other_runs(folder, seeds, overwrite, notify)
                        begun = True
                    yield SeedEvent(seed, run.path, event)
        metric = restore(run, recipe_of(run, trust)).metric
        folder.summarize(metric.name, metric.higher_is_better)


def _sets_seed(override: str) -> bool:
    key, _, _ = override.partition("=")
    return [name for _, name in key_parts(key.strip())] == ["seed"]


def _other_runs(folder: SeedSet, seeds: Sequence[int], overwrite: bool, notify: Callable[[str], None]) -> None:
    """Remove runs of other seeds from a replaced set.

    Of a set that is kept they are only told.
    """
    for run in folder.others(seeds):
        if overwrite:
            run.check_removable()
            run.remove()
        else:
            notify(f"{run.path}: not among these seeds, and not in the summary")
