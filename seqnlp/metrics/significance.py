"""Significance of the difference between two systems on the same items.

The p-value is of approximate randomisation (Noreen, 1989; Riezler and Maxwell, 2005): under the null hypothesis the two
outputs for an item can be swapped. The interval is of the paired bootstrap (Koehn, 2004). Scores that are no means over
items, such as F1 and BLEU, are computed from counts that are summed over the resampled items.
"""

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.float64]
Formula = Callable[[Counts], Counts]
"""Score from summed counts: shape (..., counts) -> (...)."""

LEVEL = 0.95
"""Level of the intervals."""
ELEMENTS = 1 << 21
"""Elements of an array of resamples, at most."""
TIE = 1e-10
"""Differences nearer than this share of the scores count as equal: sums in another order differ by rounding."""


@dataclass(frozen=True)
class ItemScore:
    """Score of a split that can be resampled by items."""

    counts: Counts
    """Counts of each item, or other sums; shape (items, counts)."""
    formula: Formula
    basis: str = ""
    """Digest of the gold that was scored by; scores are comparable where it is the same."""

    @property
    def value(self) -> float:
        """Score of the whole split."""
        return float(self.formula(self.counts.sum(0)))


@dataclass(frozen=True)
class ItemScores:
    """Scores of a model on the items of a split."""

    unit: str
    """Plural noun of the items, such as sentences."""
    scores: Mapping[str, ItemScore] = field(default_factory=dict)
    """By name, the main one first; all have the same items."""


@dataclass(frozen=True)
class Significance:
    """Difference of two systems in a score, with its interval and p-value."""

    first: float
    """Score of the first system, a mean over its runs."""
    second: float
    difference: float
    """Second minus first."""
    low: float
    """Lower end of the interval of the difference at level 95 %."""
    high: float
    p: float
    """Probability of a difference as large, of any sign, between systems whose outputs could be swapped."""
    items: int
    """Number of items."""
    differing: int
    """Number of those on which the counts of the systems differ."""
    exact: bool
    """True if all swaps were enumerated rather than sampled."""

    def to_json(self) -> dict[str, Any]:
        """Convert to a JSON object."""
        return asdict(self)


def ratio(counts: Counts) -> Counts:
    """Formula of the first count over the second; NaN where the second is 0."""
    part, whole = counts[..., 0], counts[..., 1]
    found: Counts = np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
    return found


def f1(counts: Counts) -> Counts:
    """Formula of F1 from true positives, predictions and gold; 0 where undefined."""
    whole = counts[..., 1] + counts[..., 2]
    found: Counts = np.divide(2 * counts[..., 0], whole, out=np.zeros(whole.shape), where=whole > 0)
    return found


def digest(*parts: object) -> str:
    """Digest of what scores are measured against: texts, arrays, lists."""
    found = hashlib.sha256()
    for part in parts:
        found.update(part.tobytes() if isinstance(part, np.ndarray) else repr(part).encode("utf-8", "surrogatepass"))
        found.update(b"\0")
    return found.hexdigest()


def compare_systems(
    first: Sequence[ItemScore],
    second: Sequence[ItemScore],
    samples: int,
    seed: int,
    advance: Callable[[float], None] = lambda share: None,
) -> Significance:
    """Compare two systems in a score, the mean over their runs.

    A swap of an item exchanges the outputs of every pair of runs, one of each system.

    Args:
        first: The score of each run of the first system.
        second: The same of the second system, on the same items.
        samples: Resamples of the bootstrap, and swaps of the randomisation; if there are no more than these, all
            swaps are enumerated, which makes the p-value exact.
        seed: Decides the resamples.
        advance: Called with the share of the work just done.

    Returns:
        The difference; exchanging the systems changes nothing but its sign.
    """
    formula = first[0].formula
    one, two = (np.stack([run.counts for run in runs], 1) for runs in (first, second))  # (items, runs, counts)
    here, there = float(formula(one.sum(0)).mean()), float(formula(two.sum(0)).mean())
    differing = _differing(one, two)
    masks, exact, number = _swaps(len(differing), samples, seed, one.shape[1] * two.shape[1] * one.shape[2])
    bound = abs(there - here) - TIE * max(abs(here), abs(there))
    larger = 0
    for mask in masks:
        ours, theirs = _swapped(one, two, differing, mask)
        larger += int((np.abs(_over_pairs(formula, theirs) - _over_pairs(formula, ours)) >= bound).sum())
        advance(0.5 * len(mask) / number)
    p = larger / number if exact else (larger + 1) / (number + 1)
    low, high = _interval(formula, one, two, samples, seed, advance)
    return Significance(here, there, there - here, low, high, p, len(one), len(differing), exact)


def _differing(one: Counts, two: Counts) -> NDArray[np.int64]:
    """Items on which not all runs have the same counts: swapping others changes nothing."""
    together = np.concatenate([one, two], 1)
    return np.flatnonzero((together != together[:, :1]).any((1, 2)))


def _swaps(items: int, samples: int, seed: int, width: int) -> tuple[Iterator[Counts], bool, int]:
    """Masks of the items to swap, in blocks of shape (swaps, items); true if they are all; their number."""
    rows = max(1, ELEMENTS // max(items, width))
    exact = items < 63 and 2**items <= samples
    number = 2**items if exact else samples

    def blocks() -> Iterator[Counts]:
        random = np.random.default_rng([seed, 0])
        for start in range(0, number, rows):
            size = min(rows, number - start)
            if exact:
                chosen = (np.arange(start, start + size)[:, None] >> np.arange(items)) & 1
            else:
                chosen = random.integers(0, 2, (size, items), np.uint8)
            yield chosen.astype(np.float64)

    return blocks(), exact, number


def _swapped(one: Counts, two: Counts, differing: NDArray[np.int64], mask: Counts) -> tuple[Counts, Counts]:
    """Sums of both systems after swaps; shape (swaps, runs of one, runs of two, counts) each."""
    leaving, arriving = (_weighted(mask, each[differing]) for each in (one, two))
    leaving, arriving = leaving[:, :, None], arriving[:, None]
    return one.sum(0)[:, None] - leaving + arriving, two.sum(0) - arriving + leaving


def _weighted(weights: Counts, counts: Counts) -> Counts:
    """Weighted sums over items; shape (resamples, runs, counts)."""
    flat = counts.reshape(len(counts), counts.shape[1] * counts.shape[2])
    return (weights @ flat).reshape(len(weights), *counts.shape[1:])


def _over_pairs(formula: Formula, counts: Counts) -> Counts:
    return np.asarray(formula(counts).mean((1, 2)))


def _interval(
    formula: Formula, one: Counts, two: Counts, samples: int, seed: int, advance: Callable[[float], None]
) -> tuple[float, float]:
    """Percentile interval of the difference, by resampling items with replacement."""
    items, random = len(one), np.random.default_rng([seed, 1])
    rows = max(1, ELEMENTS // max(items, one[0].size, two[0].size))
    found = []
    for start in range(0, samples, rows):
        size = min(rows, samples - start)
        drawn = random.integers(0, items, (size, items)) + np.arange(size)[:, None] * items
        weights = np.bincount(drawn.ravel(), minlength=size * items).reshape(size, items).astype(np.float64)
        ours, theirs = (formula(_weighted(weights, each)).mean(1) for each in (one, two))
        found.append(theirs - ours)
        advance(0.5 * size / samples)
    differences = np.concatenate(found)
    differences = differences[~np.isnan(differences)]  # no value of a resample was observed
    if not len(differences):
        return math.nan, math.nan
    low, high = np.quantile(differences, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def permutation_p(first: Sequence[float], second: Sequence[float], samples: int, seed: int) -> float:
    """P-value of the difference of two means, by permutation of the runs.

    Args:
        first: A score of each run of the first system.
        second: The same of the second system.
        samples: Permutations that are drawn; if there are no more, all are enumerated.
        seed: Decides which are drawn.
    """
    scores, size = np.array([*first, *second]), len(first)
    bound = abs(np.mean(second) - np.mean(first)) - TIE * np.abs(scores).max()
    if (number := math.comb(len(scores), size)) <= samples:
        chosen = np.array(list(combinations(range(len(scores)), size)))
    else:
        random = np.random.default_rng([seed, 2])
        chosen = np.argsort(random.random((samples, len(scores))), 1)[:, :size]
    ours = scores[chosen].sum(1)
    apart = np.abs((scores.sum() - ours) / len(second) - ours / size)
    larger = int((apart >= bound).sum())
    return larger / number if number <= samples else (larger + 1) / (samples + 1)


def paired_p(first: Sequence[float], second: Sequence[float], samples: int, seed: int) -> float:
    """P-value of the difference of paired runs, by swaps within pairs.

    Trainings on folds share most of their data, so that it is too small rather than too large.

    Args:
        first: A score of each run of the first system.
        second: The score of the run of the second system on the same fold.
        samples: Swaps that are drawn; if there are no more, all are enumerated.
        seed: Decides which are drawn.
    """
    apart = np.subtract(second, first)
    bound = abs(apart.mean()) - TIE * np.abs([*first, *second]).max()
    exact = len(apart) < 63 and 2 ** len(apart) <= samples
    if exact:
        swapped = (np.arange(2 ** len(apart))[:, None] >> np.arange(len(apart))) & 1
    else:
        swapped = np.random.default_rng([seed, 3]).integers(0, 2, (samples, len(apart)))
    larger = int((np.abs(((1 - 2 * swapped) * apart).mean(1)) >= bound).sum())
    return larger / len(swapped) if exact else (larger + 1) / (len(swapped) + 1)
