"""Parts of a training split: rows drawn at random, by class or in whole documents, or those at its end; folds.

What is drawn is a pure function of the seed, the rows and the sizes. Random numbers are the raw output of PCG64, which
numpy keeps the same in all its versions.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from seqnlp.errors import DataError

Size = int | float
"""Number of rows (an integer), or share of all rows (a float between 0 and 1)."""
Rows = NDArray[np.int64]
STREAM = 0x5B117
"""Second word of the seed: no other random numbers of a training have it."""
FOLD_STREAM = 0xF01D5
"""The same for folds, so that a part that is drawn from the rest of them is independent."""
LEAST = 0.5
"""Least share of a part's rows that whole documents must make up; else single rows are drawn."""


@final
@dataclass(frozen=True)
class Strata:
    """Class of each row."""

    column: str
    codes: Rows
    """Number of each row's class; shape (rows,)."""
    names: Sequence[str]
    """Classes by their numbers."""


@final
@dataclass(frozen=True)
class Drawn:
    """Disjoint parts of a split."""

    rows: dict[str, Rows]
    """Rows of each part, rising, `train` among them; together they are all rows."""
    manner: dict[str, str]
    """Description of how each part was drawn, for notes; empty for single rows."""
    notes: tuple[str, ...] = ()

    def digest(self, part: str, whole: str) -> str:
        """SHA-256 of a part, given that of the whole split."""
        return hashlib.sha256(whole.encode() + self.rows[part].astype("<i8").tobytes()).hexdigest()


@final
@dataclass(frozen=True)
class Fold:
    """One fold of a cross-validation: the part of train that is held out as test."""

    number: int
    """Counted from 1."""
    count: int
    """Number of folds."""

    def __str__(self) -> str:
        return f"fold {self.number} of {self.count}"

    def digest(self, part: str, whole: str) -> str:
        """SHA-256 of a part cut by time, given that of all."""
        return hashlib.sha256(f"{whole} {part} {self}".encode()).hexdigest()


def random_keys(seed: int, count: int, stream: int = STREAM) -> NDArray[np.uint64]:
    """Random numbers, shape (count,), by which something is shuffled."""
    keys: NDArray[np.uint64] = np.random.PCG64(np.random.SeedSequence([seed, stream])).random_raw(count)
    return keys


def counts_of(sizes: Mapping[str, Size], total: int, unit: str = "rows") -> dict[str, int]:
    """Number of rows of each part.

    Args:
        sizes: Size of each part by its name.
        total: Rows of the split.
        unit: Name of the rows in messages.

    Raises:
        seqnlp.errors.DataError: a part without rows; none that are left for train.
    """
    counts = {name: size if isinstance(size, int) else math.floor(size * total + 0.5) for name, size in sizes.items()}
    for name, count in counts.items():
        if count < 1:
            hint = "a file, a larger share, or a whole number, which draws so many"
            raise DataError(f"data.{name} = {sizes[name]:g} of {total:,} {unit} is none", hint=hint)
    if sum(counts.values()) >= total:
        settings = " and ".join(f"data.{name} = {size:g}" for name, size in sizes.items())
        leave = "leave" if len(sizes) > 1 else "leaves"
        raise DataError(f"{settings} {leave} nothing of {total:,} {unit} for train", hint="a smaller share or number")
    return counts


def end_spans(sizes: Mapping[str, Size], total: int) -> dict[str, tuple[int, int]]:
    """Spans of a sequence that is cut at its end: train, and then the parts in their order.

    A part is shorter than its size, or empty, where the sequence is.

    Args:
        sizes: Size of each part by its name.
        total: Length of the sequence.
    """
    counts = [size if isinstance(size, int) else math.floor(size * total + 0.5) for size in sizes.values()]
    starts = [max(total - sum(counts[place:]), 0) for place in range(len(counts))]
    ends = [*starts[1:], total]
    spans = dict(zip(sizes, zip(starts, ends, strict=True), strict=True))
    return {"train": (0, starts[0] if starts else total), **spans}


def draw(
    sizes: Mapping[str, Size],
    total: int,
    seed: int,
    strata: Strata | None = None,
    documents: Rows | None = None,
    unit: str = "rows",
) -> Drawn:
    """Draw parts of a split.

    Args:
        sizes: Size of each part by its name.
        total: Rows of the split.
        seed: Decides what is drawn.
        strata: Classes, to draw each in the same proportion: less than a row from it, and never all rows of one.
        documents: Document of each row, shape (total,), to draw whole ones.
        unit: Name of the rows in messages.

    Raises:
        seqnlp.errors.DataError: a part without rows; none that are left for train.
    """
    counts = counts_of(sizes, total, unit)
    order = np.argsort(random_keys(seed, total), kind="stable")
    notes: list[str] = []
    if strata is not None:
        parts = _stratified(counts, order, strata.codes)
        if empty := [name for name, rows in parts.items() if not len(rows)]:
            problem = f"data.{empty[0]} = {sizes[empty[0]]:g}: no {strata.column!r} occurs often enough to be drawn"
            raise DataError(problem, hint="a larger share, or a file")
        single = [strata.names[code] for code in np.flatnonzero(np.bincount(strata.codes) == 1).tolist()]
        if single:
            some = ", ".join(map(repr, single[:3])) + (" ..." if len(single) > 3 else "")
            occur = "occurs once, and stays" if len(single) == 1 else f"occur once each ({len(single):,}), and stay"
            notes.append(f"{strata.column!r} {some} {occur} in train")
        return _drawn(parts, total, dict.fromkeys(parts, f" in proportion to {strata.column!r}"), notes)
    if documents is not None:
        distinct, codes = np.unique(documents, return_inverse=True)
        chosen = _whole_documents(counts, np.bincount(codes), random_keys(seed, len(distinct)))
        if chosen is not None:
            parts = {name: np.flatnonzero(np.isin(codes, own)) for name, own in chosen.items()}
            manner = {name: f" in {len(own):,} of {len(distinct):,} documents" for name, own in chosen.items()}
            return _drawn(parts, total, manner, notes)
        if len(distinct) > 1:
            notes.append(f"its {len(distinct):,} documents are too large to be drawn as wholes: {unit} are")
    ends = np.cumsum([0, *counts.values()])
    parts = {name: order[first:last] for name, first, last in zip(counts, ends[:-1], ends[1:], strict=True)}
    return _drawn(parts, total, dict.fromkeys(parts, ""), notes)


def draw_folds(
    count: int, total: int, seed: int, strata: Strata | None = None, documents: Rows | None = None, unit: str = "rows"
) -> tuple[Rows, str, list[str]]:
    """Part all rows into folds of nearly equal size (k-fold cross-validation).

    Args:
        count: Number of folds.
        total: Rows of the split.
        seed: Decides which row is in which fold.
        strata: Classes; each is spread over the folds, so that its rows in two of them differ by one at most.
        documents: Document of each row, shape (total,); whole ones go into a fold, if they are small enough.
        unit: Name of the rows in messages.

    Returns:
        The fold of each row, from 0, shape (total,); a description for notes; notes.

    Raises:
        seqnlp.errors.DataError: fewer rows than folds.
    """
    check_folds(count, total, unit)
    order = np.argsort(random_keys(seed, total, FOLD_STREAM), kind="stable")
    folds, notes = np.empty(total, np.int64), list[str]()
    if strata is not None:
        by_class = order[np.argsort(strata.codes[order], kind="stable")]
        folds[by_class] = np.arange(total) % count
        sizes = np.bincount(strata.codes)
        rare = [strata.names[code] for code in np.flatnonzero((sizes > 0) & (sizes < count)).tolist()]
        if rare:
            some = ", ".join(map(repr, rare[:3])) + (" ..." if len(rare) > 3 else "")
            has = "has" if len(rare) == 1 else f"({len(rare):,}) have"
            notes.append(f"{strata.column!r} {some} {has} fewer {unit} than there are folds: some test none of them")
        return folds, f" in proportion to {strata.column!r}", notes
    if documents is not None:
        distinct, codes = np.unique(documents, return_inverse=True)
        spread = _spread_documents(count, np.bincount(codes), random_keys(seed, len(distinct), FOLD_STREAM))
        if spread is not None:
            return spread[codes], " in whole documents", notes
        if len(distinct) > 1:
            notes.append(f"its {len(distinct):,} documents are too large for {count} folds of wholes: {unit} are drawn")
    folds[order] = np.arange(total) % count
    return folds, "", notes


def check_folds(count: int, total: int, unit: str) -> None:
    """Check that no fold is empty."""
    if total < count:
        raise DataError(f"data.folds = {count} of {total:,} {unit} leaves a fold empty", hint=f"{total} folds or fewer")


def block_bounds(count: int, total: int) -> list[int]:
    """Bounds of contiguous blocks of nearly equal length, 0 included."""
    return [total * place // count for place in range(count + 1)]


def _spread_documents(count: int, sizes: Rows, keys: NDArray[np.uint64]) -> Rows | None:
    """Fold of each document: the largest first, each into the smallest fold; None where folds get too uneven."""
    filled, folds = np.zeros(count, np.int64), np.empty(len(sizes), np.int64)
    for document in np.lexsort([keys, -sizes]).tolist():
        folds[document] = smallest = int(filled.argmin())
        filled[smallest] += sizes[document]
    return folds if filled.min() >= LEAST * sizes.sum() / count else None


def _drawn(parts: Mapping[str, Rows], total: int, manner: dict[str, str], notes: Sequence[str]) -> Drawn:
    """Add what is left as `train`."""
    left = np.ones(total, bool)
    for rows in parts.values():
        left[rows] = False
    sorted_parts = {name: np.sort(rows).astype(np.int64) for name, rows in parts.items()}
    return Drawn({"train": np.flatnonzero(left), **sorted_parts}, manner, tuple(notes))


def _stratified(counts: Mapping[str, int], order: Rows, codes: Rows) -> dict[str, Rows]:
    """Draw rows of each class in proportion (method of largest remainders)."""
    total, sizes = len(codes), np.bincount(codes)
    floors = {name: sizes * count // total for name, count in counts.items()}
    room = np.maximum(sizes - 1 - sum(floors.values()), 0)  # one row of each class stays in train
    first_drawn = np.full(len(sizes), total, np.int64)
    np.minimum.at(first_drawn, codes[order], np.arange(total))
    takes: dict[str, Rows] = {}
    for name, count in counts.items():
        remainders = sizes * count % total
        ranked = np.lexsort([first_drawn, -remainders])
        fitting = ranked[((room > 0) & (remainders > 0))[ranked]]
        more = fitting[: count - int(floors[name].sum())]
        takes[name] = floors[name].copy()
        takes[name][more] += 1
        room[more] -= 1
    by_class = order[np.argsort(codes[order], kind="stable")]
    place = np.arange(total) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    begin, parts = np.zeros(len(sizes), np.int64), {}
    for name, take in takes.items():
        parts[name] = by_class[(place >= np.repeat(begin, sizes)) & (place < np.repeat(begin + take, sizes))]
        begin = begin + take
    return parts


def _whole_documents(counts: Mapping[str, int], sizes: Rows, keys: NDArray[np.uint64]) -> dict[str, list[int]] | None:
    """Draw documents of about so many rows; None where these are too large, or there is only one."""
    left = np.argsort(keys, kind="stable").tolist()
    chosen: dict[str, list[int]] = {}
    for name, count in counts.items():
        own: list[int] = []
        filled = 0
        for document in left:
            if filled + sizes[document] <= count:
                own.append(document)
                filled += int(sizes[document])
        if filled < LEAST * count:
            return None
        chosen[name] = own
        taken = set(own)
        left = [document for document in left if document not in taken]
    return chosen if left else None
