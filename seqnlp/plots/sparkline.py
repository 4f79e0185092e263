"""Sparkline: a curve in one line of text."""

from __future__ import annotations

from collections.abc import Sequence

from seqnlp.plots.axes import is_drawable

LEVELS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float | None], width: int) -> str:
    """Draw values as blocks of eight heights.

    Args:
        values: From left to right; None and values that are not finite leave a gap.
        width: Columns; more values than that are thinned out, the last one stays.
    """
    if not values or width < 1:
        return ""
    count = min(len(values), width)
    step = (len(values) - 1) / max(count - 1, 1)
    seen = [values[len(values) - 1 - round((count - 1 - place) * step)] for place in range(count)]
    known = [value for value in seen if value is not None and is_drawable(value)]
    if not known:
        return " " * count
    low, span = min(known), max(known) - min(known)
    return "".join(
        LEVELS[round((value - low) / span * (len(LEVELS) - 1)) if span else len(LEVELS) // 2]
        if value is not None and is_drawable(value)
        else " "
        for value in seen
    )
