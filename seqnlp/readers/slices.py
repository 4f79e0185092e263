"""Slices of a split, in the syntax of `datasets`: `train.txt[:95%]`, `train.txt[-500:]`."""

from __future__ import annotations

import re

SLICE = re.compile(r"\[(-?\d+%?)?:(-?\d+%?)?\]$")


def cut_slice(source: str) -> tuple[str, str]:
    """Part a source from the slice at its end; the slice is empty if there is none."""
    match = SLICE.search(source)
    return (source[: match.start()], match[0]) if match else (source, "")


def rows_of(slice_: str, total: int) -> range:
    """The rows that a slice means: from the first bound up to, and without, the second one.

    Args:
        slice_: `[a:b]`. A bound counts rows or, with `%`, hundredths of all rows, rounded to the nearest row; a
            negative one counts from the end.
        total: How many rows there are.
    """
    match = SLICE.fullmatch(slice_)
    if match is None:
        return range(total)
    start, stop = (None if bound is None else _row(bound, total) for bound in match.groups())
    return range(total)[start:stop]


def _row(bound: str, total: int) -> int:
    return round(int(bound[:-1]) * total / 100) if bound.endswith("%") else int(bound)
