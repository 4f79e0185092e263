"""Axes: ranges with round ticks, and the drawable pieces of lines."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TypeGuard

Point = tuple[float, float]
Points = Sequence[tuple[float, float | None]]
"""Pairs of x and y in the order of the line; a y of None or NaN breaks it."""

TOO_LARGE = 1e100
"""Bound of drawable numbers; differences of larger ones may overflow."""


@dataclass(frozen=True)
class Axis:
    """Range of numbers with a tick at every multiple of `step`."""

    low: float
    high: float
    step: float

    @classmethod
    def over(cls, values: Sequence[float], max_ticks: int, rounded: bool = False) -> Axis:
        """Axis over the range of values, with about `max_ticks` ticks; `rounded` to end at ticks."""
        low, high = bounds(values)
        raw = (high - low) / max_ticks
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * (1 - 1e-9))
        if rounded:
            low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
        return cls(low, high, step)

    def share(self, value: float) -> float:
        """Relative position of a value: 0 at the low end, 1 at the high end."""
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)

    def ticks(self) -> list[tuple[float, str]]:
        """Relative position and label of every tick."""
        first, last = math.ceil(self.low / self.step - 1e-9), math.floor(self.high / self.step + 1e-9)
        values = [number * self.step for number in range(first, last + 1)]
        return [(self.share(value), self._label(value)) for value in values]

    def _label(self, value: float) -> str:
        last = math.floor(math.log10(self.step) + 1e-9)
        largest = max(abs(self.low), abs(self.high))
        if last >= -4 and largest < 1e6:
            return f"{value:.{max(-last, 0)}f}"
        return f"{value:.{max(math.floor(math.log10(largest)) - last, 0) + 1}g}"


def is_drawable(value: float | None) -> TypeGuard[float]:
    """Test for a number whose differences cannot overflow."""
    return value is not None and abs(value) < TOO_LARGE  # NaN is not less than anything


def bounds(values: Sequence[float]) -> tuple[float, float]:
    """Minimum and maximum, moved apart if they are too close to tell."""
    low, high = min(values, default=0.0), max(values, default=0.0)
    largest = max(abs(low), abs(high))
    if high - low > max(largest * 1e-9, 1 / TOO_LARGE):
        return low, high
    margin = largest / 10 or 1.0
    return low - margin, high + margin


def pieces_of(points: Points) -> Iterator[list[Point]]:
    """Split a line at its gaps."""
    for drawable, run in groupby(points, key=lambda point: is_drawable(point[0]) and is_drawable(point[1])):
        if drawable:
            yield [(x, y) for x, y in run if y is not None]


def segments_of(points: Points) -> Iterator[tuple[Point, Point]]:
    """Line segments; a point without neighbours is a segment of no length."""
    for piece in pieces_of(points):
        yield from pairwise(piece) if len(piece) > 1 else [(piece[0], piece[0])]
