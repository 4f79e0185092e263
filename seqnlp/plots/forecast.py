"""A forecast as a picture of text: what came, what is expected, and the interval as a field of dots."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from seqnlp.plots.terminal import Axis, Canvas, Picture, Points, body, foot, heading, is_drawable, segments_of

HISTORY, FORECAST, INTERVAL = range(3)
"""The numbers of the three in a picture's spans."""

Values = Sequence[float | None]


def forecast_chart(
    history: Values,
    forecast: Values,
    low: Values | None = None,
    high: Values | None = None,
    level: float | None = None,
    labels: tuple[str, str, str] = ("", "", ""),
    width: int = 80,
    height: int = 16,
    title: str = "",
    plain: bool = False,
    beside: Values = (),
) -> Picture:
    """Draw how a series went and goes on. `str(picture)` is the same without colours.

    Args:
        history: What came, one value a step; None or NaN where one is missing.
        forecast: What is expected of the steps after them.
        low: The lower ends of the intervals of these steps, if there are any.
        high: The upper ends.
        level: The share of values that is to lie in the intervals, in percent.
        labels: What stands under the first step, under the first one that is forecast, and under the last one.
        width: Columns of the picture, at least 20.
        height: Rows of the picture, heading and axes included; at least 3 are left for the lines.
        title: Stands above.
        plain: Draw with ASCII marks rather than with braille dots; of the interval only the ends.
        beside: Values in a picture that stands beside this one: the axis is as high as they need too.
    """
    width = max(width, 20)
    band = list(zip(low, high, strict=True)) if low is not None and high is not None else []
    names = ["history", "forecast"] + ([f"{level:g} % interval" if level else "interval"] if band else [])
    top = heading(names, width, title, plain)
    lines: list[Points] = [list(enumerate(history)), list(enumerate(forecast, len(history)))]
    numbers = [y for line in lines for _, y in line] + [end for pair in band for end in pair]
    if not any(map(is_drawable, numbers)):
        return Picture([*top, [("nothing to draw yet", None)]])
    rows = max(height - len(top) - 2, 3)
    up = Axis.over([y for y in [*numbers, *beside] if is_drawable(y)], most=max(rows // 2, 2), rounded=True)
    gutter = max(len(label) for _, label in up.ticks())
    canvas = Canvas(width - gutter - 2, rows, plain)
    last = max(len(history) + len(forecast) - 1, 1)
    if plain:
        for ends in zip(*band, strict=True):
            _line(canvas, up, last, list(enumerate(ends, len(history))), INTERVAL)
    else:
        _field(canvas, up, last, len(history), band)
    for number, line in enumerate(lines):
        _line(canvas, up, last, line, number)
    places = (0.0, min(len(history) / last, 1.0), 1.0)
    ticks = [(place, label) for place, label in zip(places, labels, strict=True) if label]
    return Picture([*top, *body(canvas, up, gutter), *foot(canvas, ticks, gutter)])


def _line(canvas: Canvas, up: Axis, last: int, points: Points, number: int) -> None:
    for start, end in segments_of(points):
        canvas.line((start[0] / last, up.share(start[1])), (end[0] / last, up.share(end[1])), number)


def _field(canvas: Canvas, up: Axis, last: int, first: int, band: list[tuple[float | None, float | None]]) -> None:
    """Every fourth dot between the ends of the intervals, and the ends themselves."""
    columns, rows = (cells * dots for cells, dots in zip((canvas.columns, canvas.rows), canvas.dots, strict=True))
    for x, low, high in _columns(columns, last, first, band):
        bottom, top = (round((1 - up.share(end)) * (rows - 1)) for end in (low, high))
        for y in range(top, bottom + 1):
            if y in (top, bottom) or (x % 2 == 0 and (y + x) % 4 == 0):
                place = x / max(columns - 1, 1), 1 - y / max(rows - 1, 1)
                canvas.line(place, place, INTERVAL)


def _columns(
    columns: int, last: int, first: int, band: list[tuple[float | None, float | None]]
) -> Iterator[tuple[int, float, float]]:
    """The interval at each column of dots, on straight lines between the steps."""
    for step, (here, there) in enumerate(pairwise(band) if len(band) > 1 else zip(band, band, strict=True), first):
        if not (all(map(is_drawable, here)) and all(map(is_drawable, there))):
            continue
        left, right = (round(place / last * (columns - 1)) for place in (step, step + 1 if len(band) > 1 else step))
        for x in range(left, right + 1):
            share = (x - left) / max(right - left, 1)
            low, high = (
                a + share * (b - a) for a, b in zip(here, there, strict=True) if a is not None and b is not None
            )
            yield x, low, high
