"""Significance of the difference between two runs or sets of runs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isnan
from pathlib import Path
from typing import Any, final

import numpy as np

from seqnlp.errors import RunError, UsageError
from seqnlp.limits import RESAMPLES, SEED
from seqnlp.metrics.significance import (
    ItemScore,
    ItemScores,
    Significance,
    compare_systems,
    digest,
    paired_p,
    permutation_p,
)
from seqnlp.notes import notes_to
from seqnlp.readers.base import split_hash
from seqnlp.readers.tables import DATA, GivenTable, Table, given_data
from seqnlp.recipe.load import path_resolver
from seqnlp.run import Run
from seqnlp.run.sets import RunSet
from seqnlp.tasks.loading import item_scores, open_split
from seqnlp.tasks.registry import task_info

SAMPLES = 10_000
"""Default number of resamples."""


@final
@dataclass(frozen=True)
class Comparison:
    """Difference of two systems in each main score."""

    split: str
    """Split, or file."""
    unit: str
    """Plural noun of the items that are resampled."""
    runs: tuple[int, int]
    """Number of runs of each system."""
    samples: int
    seed: int
    scores: dict[str, Significance]
    seeds: dict[str, float]
    """P-value of each difference by permutation of whole runs; empty unless both systems have several."""
    folds: dict[str, float]
    """P-value of each difference by swaps of the runs of a fold; empty unless both systems are cross-validated."""
    left_out: list[str]
    """Scores that both have, but measured against something else: they can't be compared."""

    def to_json(self) -> dict[str, Any]:
        """Convert to a JSON object."""
        return asdict(self)


def compare_runs(
    first: str | Path,
    second: str | Path,
    split: str = "test",
    data: str | Path | Table | Mapping[str, Table] | None = None,
    *,
    samples: int = SAMPLES,
    seed: int = 1,
    trust: bool = False,
    notify: Callable[[str], None] = lambda line: None,
    advance: Callable[[float], None] = lambda share: None,
) -> Comparison:
    """Test the difference between two runs or sets of runs for significance.

    The p-value is of approximate randomisation over the items of the split, the 95 % interval of the paired bootstrap;
    see `seqnlp.metrics.significance`. Of a set of runs the mean score counts. Both ask whether other test data would
    show the same; for several runs each, `seeds` asks whether other seeds would. Of cross-validated systems the items
    of all folds are tested together, each by the run that has not learnt from it, and `folds` pairs the runs by fold.

    Args:
        first: A run, or a folder of runs that `train_seeds` or `train_folds` has made.
        second: The other one.
        split: `train`, `dev` or `test`.
        data: Another file or table, instead of a split; or tables by split, see `seqnlp.evaluate`.
        samples: Resamples.
        seed: Decides the resamples.
        trust: Consent to run the Python that the runs bring along; it is remembered.
        notify: Called with each warning, one line each.
        advance: Called with the share of the work just done.

    Raises:
        seqnlp.errors.UsageError: they are of different tasks, were not tested on the same data, or the task has no
            scores by item.
        seqnlp.errors.RunError: one is missing, damaged, or has no finished run.
    """
    RESAMPLES.check(samples=samples)
    SEED.check(seed=seed)
    paths = (first, second)
    paired = folds_of(*paths)
    systems = [runs_at(path) for path in paths] if paired is None else paired
    everyone = [run for runs in systems for run in runs]
    groups = [everyone] if paired is None else [list(pair) for pair in zip(*systems, strict=True)]
    for group in groups if data is None else []:
        _check_same_data({run: run.meta().get("corpus", {}).get(split, "") for run in group}, split)
    given = data if data is None or isinstance(data, str | Path) else given_data(data)
    name = split if given is None or (isinstance(given, dict) and DATA not in given) else DATA
    name = str(given) if isinstance(given, str | Path) else name
    found: dict[Path, ItemScores] = {}
    for group in groups:
        hashes: dict[Run, str] = {}
        for run in group:
            if run.path not in found:
                hashes[run], found[run.path] = _measure(run, split, given, trust, notify)
                _check_same_data(hashes, name)
            advance(0.5 / len(everyone))
    ours, theirs = ([found[run.path] for run in runs] for runs in systems)
    if paired is None or data is not None:  # on one file all runs have the same items
        scores, left_out = _comparable(ours, theirs)
    else:
        scores, left_out = _comparable([_pooled(ours)], [_pooled(theirs)])
    if not scores:
        reason = f": they measure {', '.join(left_out)} against different things" if left_out else ""
        raise UsageError(f"{first} and {second}: no score that both have can be compared item by item{reason}")
    compared = {
        name: compare_systems(
            *pair, samples=samples, seed=seed, advance=lambda share: advance(0.5 * share / len(scores))
        )
        for name, pair in scores.items()
    }
    test = permutation_p if paired is None else paired_p
    by_run = {}
    if min(map(len, systems)) > 1:
        for score in scores:
            one, other = ([run.scores[score].value for run in runs] for runs in (ours, theirs))
            by_run[score] = test(one, other, samples, seed)
    return Comparison(
        name,
        ours[0].unit,
        (len(ours), len(theirs)),
        samples,
        seed,
        compared,
        by_run if paired is None else {},
        {} if paired is None else by_run,
        left_out,
    )


def folds_of(first: str | Path, second: str | Path) -> list[list[Run]] | None:
    """Runs of two cross-validations by fold, in the same order; None where neither is one.

    Raises:
        seqnlp.errors.UsageError: only one is, or they have other numbers of folds.
        seqnlp.errors.RunError: one is not finished.
    """
    sets = [RunSet.at(path) if RunSet.is_set(path) else None for path in (first, second)]
    folds = [each for each in sets if each is not None and each.unit == "fold"]
    if not folds:
        return None
    if len(folds) == 1:
        other = second if sets[0] is folds[0] else first
        raise UsageError(f"{folds[0].path} has a run a fold, {other} has not: each tests on other data")
    one, two = (each.numbers for each in folds)
    if one != two:
        raise UsageError(f"{first} has {len(one)} folds, {second} {len(two)}: only the same folds can be compared")
    for each in folds:
        if missing := [str(number) for number in each.numbers if number not in each.finished()]:
            raise RunError(f"not finished: fold {', '.join(missing)}", each.path)
    return [list(each.finished().values()) for each in folds]


def _pooled(runs: Sequence[ItemScores]) -> ItemScores:
    """Scores of runs on different items, pooled as of one run."""
    shared = [name for name in runs[0].scores if all(name in run.scores for run in runs)]
    pooled = {}
    for name in shared:
        parts = [run.scores[name] for run in runs]
        if len({part.counts.shape[1:] for part in parts}) == 1:
            counts = np.concatenate([part.counts for part in parts])
            pooled[name] = ItemScore(counts, parts[0].formula, digest(*(part.basis for part in parts)))
    return ItemScores(runs[0].unit, pooled)


def runs_at(path: str | Path) -> list[Run]:
    """Run in a folder, or the finished runs of a set.

    Raises:
        seqnlp.errors.RunError: there is none.
    """
    if not RunSet.is_set(path):
        return [Run.open(path)]
    if runs := list(RunSet.at(path).finished().values()):
        return runs
    raise RunError("no run of this set is finished", path)


def _check_same_data(hashes: Mapping[Run, str], split: str) -> None:
    """Check that runs have the same hash of a split; an empty one, of a run that has kept none, is as any other."""
    known = {run: value for run, value in hashes.items() if value}
    one = next(iter(known), None)
    other = next((run for run in known if one is not None and known[run] != known[one]), None)
    if one is not None and other is not None:
        raise UsageError(
            f"{one.path} and {other.path}: not the same {split} data (SHA-256 {known[one][:12]}..., "
            f"{known[other][:12]}...), so no difference can be tested; --data names a file for both"
        )


def _measure(
    run: Run, split: str, data: str | Path | Mapping[str, GivenTable] | None, trust: bool, notify: Callable[[str], None]
) -> tuple[str, ItemScores]:
    """Score a run on each item of a split; also gives the hash of the split as it is now.

    Tables that are given are the same for all runs; their hash is left empty.
    """
    with notes_to(notify):
        opened = open_split(run.path, split, data, trust)
    recipe, value = opened.recipe, ""
    if data is None and (split in recipe.data.parts or (recipe.data.parts and split == "train")):
        value = run.meta().get("corpus", {}).get(split, "")  # it was checked when it was drawn once more
    elif data is None or isinstance(data, str | Path):
        source = str(data) if data is not None else recipe.data.splits[split]
        place = recipe.locate(source, path_resolver(opened.run.recipe_file))
        value = split_hash(recipe.data.reader, place, opened.table)
    if data is None and (before := run.meta().get("corpus", {}).get(split, value)) != value:
        notify(f"{run.path}: its {split} data has changed since the training ({before[:12]}..., {value[:12]}...)")
    found = item_scores(opened.task, opened.model, opened.examples, opened.precision)
    if found is None:
        noun = task_info(opened.task.name).noun
        raise UsageError(f"{run.path}: this run is {noun}, which has no scores by item to test")
    return value, found


def _comparable(
    ours: Sequence[ItemScores], theirs: Sequence[ItemScores]
) -> tuple[dict[str, tuple[list[ItemScore], list[ItemScore]]], list[str]]:
    """Scores of all runs by name; names of those measured against something else."""
    found, left_out = {}, []
    everyone = [*ours, *theirs]
    for name in ours[0].scores:
        each = [run.scores[name] for run in everyone if name in run.scores]
        if len(each) < len(everyone) or any(isnan(score.value) for score in each):
            continue
        if len({(score.basis, score.counts.shape, run.unit) for score, run in zip(each, everyone, strict=True)}) > 1:
            left_out.append(name)
        else:
            found[name] = each[: len(ours)], each[len(ours) :]
    return found, left_out
