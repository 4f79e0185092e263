"""Line charts and sparklines in text: braille dots, or plain ASCII where there is nothing better."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import TypeGuard

Point = tuple[float, float]
Points = Sequence[tuple[float, float | None]]
"""Pairs of x and y, joined in their order; a y of None or NaN breaks the line."""

Span = tuple[str, int | None]
"""A piece of a row, and the number of the series that it belongs to, None for axes and words."""

BLOCKS = "▁▂▃▄▅▆▇█"
MARKS = "*+ox#@%&"
SHADES = " ░▒▓█"
PLAIN_SHADES = " .-+#"
"""The same where there are only the letters of ASCII."""
BRAILLE = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
TOO_LARGE = 1e100
"""Differences of larger numbers may overflow; they are not drawn."""


@dataclass(frozen=True)
class Picture:
    """A chart; its spans say which series a piece of a row belongs to, so that it can be coloured."""

    rows: list[list[Span]]

    def __str__(self) -> str:
        return "\n".join("".join(text for text, _ in row).rstrip() for row in self.rows)


def sparkline(values: Sequence[float | None]) -> str:
    """One block a value, high for the largest and low for the smallest; a blank where there is no number."""
    low, high = bounds([value for value in values if is_drawable(value)])
    step = (high - low) / (len(BLOCKS) - 1)
    return "".join(BLOCKS[round((value - low) / step)] if is_drawable(value) else " " for value in values)


def chart(
    series: Mapping[str, Points], width: int = 80, height: int = 16, title: str = "", plain: bool = False
) -> Picture:
    """Draw lines through points.

    Args:
        series: the points of each line by its name.
        width: columns of the picture, at least 20.
        height: rows of the picture, heading and axes included; at least 3 are left for the lines.
        title: stands above.
        plain: draw with ASCII marks, one kind a series, rather than with braille dots.
    """
    width = max(width, 20)
    top = heading(list(series), width, title, plain)
    lines = [list(segments_of(points)) for points in series.values()]
    ends = [end for segments in lines for segment in segments for end in segment]
    if not ends:
        return Picture([*top, [("nothing to draw yet", None)]])
    rows = max(height - len(top) - 2, 3)
    up = Axis.over([y for _, y in ends], most=max(rows // 2, 2), rounded=True)
    gutter = max(len(label) for _, label in up.ticks())
    canvas = Canvas(width - gutter - 2, rows, plain)
    across = Axis.over([x for x, _ in ends], most=max(canvas.columns // 10, 2))
    for number, segments in enumerate(lines):
        for start, end in segments:
            canvas.line((across.share(start[0]), up.share(start[1])), (across.share(end[0]), up.share(end[1])), number)
    return Picture([*top, *body(canvas, up, gutter), *foot(canvas, across.ticks(), gutter)])


@dataclass(frozen=True)
class Axis:
    """A range of numbers with a tick at every multiple of `step`."""

    low: float
    high: float
    step: float

    @classmethod
    def over(cls, values: Sequence[float], most: int, rounded: bool = False) -> Axis:
        """An axis that shows all values, with about `most` ticks; it ends with ticks if `rounded`."""
        low, high = bounds(values)
        raw = (high - low) / most
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * (1 - 1e-9))
        if rounded:
            low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
        return cls(low, high, step)

    def share(self, value: float) -> float:
        """Where a value stands, from 0 at the low end to 1 at the high end."""
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)

    def ticks(self) -> list[tuple[float, str]]:
        """The place of every tick, from 0 to 1, and its label."""
        first, last = math.ceil(self.low / self.step - 1e-9), math.floor(self.high / self.step + 1e-9)
        values = [number * self.step for number in range(first, last + 1)]
        return [(self.share(value), self._label(value)) for value in values]

    def _label(self, value: float) -> str:
        last = math.floor(math.log10(self.step) + 1e-9)
        largest = max(abs(self.low), abs(self.high))
        if last >= -4 and largest < 1e6:
            return f"{value:.{max(-last, 0)}f}"
        return f"{value:.{max(math.floor(math.log10(largest)) - last, 0) + 1}g}"


@dataclass
class Canvas:
    """Cells of text with finer dots inside; a cell shows the series that was drawn there last."""

    columns: int
    rows: int
    plain: bool
    cells: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    """Row and column of each cell that is not blank: the dots set in it, as bits, and the series."""

    @property
    def dots(self) -> tuple[int, int]:
        """Dots across and down in a cell."""
        return (1, 1) if self.plain else (2, 4)

    def line(self, start: Point, end: Point, number: int) -> None:
        """Draw from one point to another, both given as shares of the width and of the height from below."""
        across, down = self.dots
        x, y = self._dot(start)
        right, bottom = (there - here for here, there in zip((x, y), self._dot(end), strict=True))
        steps = max(abs(right), abs(bottom), 1)
        for step in range(steps + 1):
            column, dx = divmod(x + round(right * step / steps), across)
            row, dy = divmod(y + round(bottom * step / steps), down)
            bits, _ = self.cells.get((row, column), (0, number))
            self.cells[row, column] = bits | BRAILLE[dy][dx], number

    def row_of(self, share: float) -> int:
        """The row of a place on the upward axis."""
        return self._dot((0.0, share))[1] // self.dots[1]

    def spans(self, row: int) -> list[Span]:
        """What a row shows."""
        cells = [self.cells.get((row, column)) for column in range(self.columns)]
        runs = groupby(cells, key=lambda cell: None if cell is None else cell[1])
        return [("".join(map(self._character, run)), number) for number, run in runs]

    def _dot(self, point: Point) -> tuple[int, int]:
        across, down = self.dots
        return round(point[0] * (self.columns * across - 1)), round((1 - point[1]) * (self.rows * down - 1))

    def _character(self, cell: tuple[int, int] | None) -> str:
        if cell is None:
            return " "
        return mark(cell[1]) if self.plain else chr(0x2800 + cell[0])


def shade(weight: float, plain: bool = False) -> str:
    """A character that is the darker the nearer a weight is to 1."""
    shades = PLAIN_SHADES if plain else SHADES
    return shades[min(max(int(weight * len(shades)), 0), len(shades) - 1)]


def mark(number: int) -> str:
    """The ASCII mark of a series."""
    return MARKS[number % len(MARKS)]


def is_drawable(value: float | None) -> TypeGuard[float]:
    """Whether a value is a number of reasonable size."""
    return value is not None and abs(value) < TOO_LARGE  # NaN is not less than anything


def bounds(values: Sequence[float]) -> tuple[float, float]:
    """The smallest and the largest value, moved apart if they are too close to tell."""
    low, high = min(values, default=0.0), max(values, default=0.0)
    largest = max(abs(low), abs(high))
    if high - low > max(largest * 1e-9, 1 / TOO_LARGE):
        return low, high
    margin = largest / 10 or 1.0
    return low - margin, high + margin


def pieces_of(points: Points) -> Iterator[list[Point]]:
    """The pieces of a line that gaps break it into."""
    for drawable, run in groupby(points, key=lambda point: is_drawable(point[0]) and is_drawable(point[1])):
        if drawable:
            yield [(x, y) for x, y in run if y is not None]


def segments_of(points: Points) -> Iterator[tuple[Point, Point]]:
    """The straight pieces of a line; a point without neighbours is a piece of no length."""
    for piece in pieces_of(points):
        yield from pairwise(piece) if len(piece) > 1 else [(piece[0], piece[0])]


def heading(names: list[str], width: int, title: str, plain: bool) -> list[list[Span]]:
    """The title, and what each series is drawn with."""
    rows: list[list[Span]] = [[(title[:width], None)]] if title else []
    if title and len(names) < 2:
        return rows
    used = width
    for number, name in enumerate(names):
        key, label = (mark(number) if plain else "━━"), f" {name}   "[: width - 2]
        if used + len(key) + len(label.rstrip()) > width:
            rows.append([])
            used = 0
        rows[-1] += [(key, number), (label, None)]
        used += len(key) + len(label)
    return rows


def body(canvas: Canvas, axis: Axis, gutter: int) -> Iterator[list[Span]]:
    """The rows of a canvas, with an upward axis at their left."""
    labels = {canvas.row_of(share): label for share, label in axis.ticks()}
    bar, tick = "|+" if canvas.plain else "│┤"
    for row in range(canvas.rows):
        edge = f"{labels.get(row, ''):>{gutter}} {tick if row in labels else bar}"
        yield [(edge, None), *canvas.spans(row)]


def foot(canvas: Canvas, ticks: Sequence[tuple[float, str]], gutter: int) -> Iterator[list[Span]]:
    """The axis under a canvas, with a label at each tick: its place from 0 to 1, and the label."""
    corner, line, tick = "+-+" if canvas.plain else "└─┬"
    places = {round(share * (canvas.columns - 1)): label for share, label in ticks}
    edge = "".join(tick if column in places else line for column in range(canvas.columns))
    yield [(" " * (gutter + 1) + corner + edge, None)]
    labels = ""
    for column, label in places.items():
        start = min(gutter + 2 + column - len(label) // 2, gutter + 2 + canvas.columns - len(label))
        if not labels or start > len(labels):
            labels = labels.ljust(start) + label
    yield [(labels, None)]
