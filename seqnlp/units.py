"""Formats of times, sizes and scores for people."""

from __future__ import annotations

import math
from collections.abc import Sequence


def duration(seconds: float) -> str:
    """Format a time in its two largest units: `53 s`, `2 min 05 s`, `1 h 30 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s" if whole or not seconds else f"{seconds:.1f} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def file_size(size: int) -> str:
    """Format bytes in the largest decimal unit with a number above 1: `1.3 MB`."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} B"


def count_of(names: Sequence[str], noun: str) -> str:
    """Count of names and the first three of them: `5 series (a, b, c and 2 others)`."""
    rest = len(names) - 3
    shown = ", ".join(names[:3]) + ("" if rest <= 0 else f" and {rest:,} other{'s' if rest > 1 else ''}")
    plural = noun if len(names) == 1 or noun.endswith("s") else f"{noun}s"
    return f"{len(names):,} {plural} ({shown})"


def counted(number: float, plural: str) -> str:
    """Number with its noun, singular for 1: `1 epoch`, `12,000 steps`, `1.5 epochs`."""
    noun = plural if number != 1 or plural == "series" else plural.removesuffix("s")
    return f"{number:,} {noun}" if isinstance(number, int) else f"{number:g} {noun}"


def score(value: float | None) -> str:
    """Format a score or a loss: four decimals while it is small, two when it is not; `-` for None."""
    if value is None:
        return "-"
    return f"{value:.4f}" if abs(value) < 10 or not math.isfinite(value) else f"{value:,.2f}"


def bits_per_character(nats: float, characters: int) -> float:
    """Convert the negative log-likelihood of a text."""
    return nats / math.log(2) / max(characters, 1)
