"""Charts in terminal text: lines and forecasts in braille dots, or plain ASCII without them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise

from seqnlp.plots.axes import Axis, Point, Points, is_drawable, pieces_of, segments_of

Values = Sequence[float | None]

Span = tuple[str, int | None]
"""Text of part of a row, and the number of its series; None for axes and words."""

MARKS = "*+ox#@%&"
SHADES = " ░▒▓█"
PLAIN_SHADES = " .-+#"
"""Shades in ASCII."""
HISTORY, FORECAST, INTERVAL, ACTUAL, CURSOR = range(5)
"""Numbers of the series in the spans of a forecast chart."""
BRAILLE = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


@dataclass(frozen=True)
class TextChart:
    """Chart as rows of spans. Each span is of one series, so that it can be coloured."""

    rows: list[list[Span]]

    def __str__(self) -> str:
        return "\n".join("".join(text for text, _ in row).rstrip() for row in self.rows)


def chart(
    series: Mapping[str, Points], width: int = 80, height: int = 16, title: str = "", plain: bool = False
) -> TextChart:
    """Draw a line chart.

    Args:
        series: The points of each line by its name.
        width: Columns of the chart, at least 20.
        height: Rows of the chart, heading and axes included; at least 3 are left for the lines.
        title: A heading.
        plain: Draw with one ASCII mark per series instead of braille dots.
    """
    width = max(width, 20)
    top = heading(list(series), width, title, plain)
    ends = [point for points in series.values() for piece in pieces_of(points) for point in piece]
    if not ends:
        return TextChart([*top, [("nothing to draw yet", None)]])
    rows = max(height - len(top) - 2, 3)
    up = Axis.over([y for _, y in ends], max_ticks=max(rows // 2, 2), rounded=True)
    gutter = max(len(label) for _, label in up.ticks())
    canvas = Canvas(width - gutter - 2, rows, plain)
    across = Axis.over([x for x, _ in ends], max_ticks=max(canvas.columns // 10, 2))
    for number, points in enumerate(series.values()):
        _line(canvas, across, up, points, number)
    return TextChart([*top, *body(canvas, up, gutter), *foot(canvas, across.ticks(), gutter)])


@dataclass
class Canvas:
    """Grid of character cells with finer dots inside; a cell has the series drawn there last."""

    columns: int
    rows: int
    plain: bool
    cells: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    """Dots as bits, and series, of each cell that is not blank, by row and column."""

    @property
    def dots(self) -> tuple[int, int]:
        """Dots across and down in a cell."""
        return (1, 1) if self.plain else (2, 4)

    def line(self, start: Point, end: Point, number: int) -> None:
        """Draw a straight line between two points.

        Coordinates are shares of the width, and of the height from below.
        """
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
        """Row of a relative position on the y axis."""
        return self._dot((0.0, share))[1] // self.dots[1]

    def spans(self, row: int) -> list[Span]:
        """Spans of a row."""
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
    """Shading character of a weight from 0 to 1."""
    shades = PLAIN_SHADES if plain else SHADES
    return shades[min(max(int(weight * len(shades)), 0), len(shades) - 1)]


def mark(number: int) -> str:
    """ASCII mark of a series."""
    return MARKS[number % len(MARKS)]


def heading(
    names: list[str], width: int, title: str, plain: bool, numbers: Sequence[int] | None = None
) -> list[list[Span]]:
    """Title and legend.

    Args:
        names: Of the series.
        width: Columns.
        title: The title, or an empty text.
        plain: Draw with ASCII marks.
        numbers: Of the series; by default from 0.
    """
    rows: list[list[Span]] = [[(title[:width], None)]] if title else []
    if title and len(names) < 2:
        return rows
    used = width
    for number, name in zip(numbers or range(len(names)), names, strict=True):
        key, label = (mark(number) if plain else "━━"), f" {name}   "[: width - 2]
        if used + len(key) + len(label.rstrip()) > width:
            rows.append([])
            used = 0
        rows[-1] += [(key, number), (label, None)]
        used += len(key) + len(label)
    return rows


def body(canvas: Canvas, axis: Axis, gutter: int) -> Iterator[list[Span]]:
    """Rows of a canvas, with the y axis at their left."""
    labels = {canvas.row_of(share): label for share, label in axis.ticks()}
    bar, tick = "|+" if canvas.plain else "│┤"
    for row in range(canvas.rows):
        edge = f"{labels.get(row, ''):>{gutter}} {tick if row in labels else bar}"
        yield [(edge, None), *canvas.spans(row)]


def foot(canvas: Canvas, ticks: Sequence[tuple[float, str]], gutter: int) -> Iterator[list[Span]]:
    """X axis below a canvas, given each tick's relative position and label."""
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
    actual: Values = (),
    cursor: int | None = None,
) -> TextChart:
    """Draw history, forecast and interval of a series. `str(chart)` is the same without colours.

    Args:
        history: The last values, one per step; None or NaN where missing.
        forecast: The forecast of the steps after them.
        low: The lower ends of the prediction intervals, if any.
        high: The upper ends.
        level: The level of the intervals, in percent.
        labels: Ticks of the x axis: at the first step, at the first forecast, and at the last one.
        width: Columns of the chart, at least 20.
        height: Rows of the chart, heading and axes included; at least 3 are left for the lines.
        title: A heading.
        plain: Draw with ASCII marks rather than with braille dots; of the interval only its ends.
        beside: Values of a chart beside this one, which the y axis has to cover too.
        actual: The values that came over the horizon, if any are known.
        cursor: Step of the forecast with an upright line.
    """
    width = max(width, 20)
    band = list(zip(low, high, strict=True)) if low is not None and high is not None else []
    names = ["history", "forecast"] + ([f"{level:g} % interval" if level else "interval"] if band else [])
    came: Points = list(enumerate(actual, len(history)))
    shown = [HISTORY, FORECAST, *[INTERVAL] * bool(band), *[ACTUAL] * bool(came)]
    top = heading([*names, *["what came"] * bool(came)], width, title, plain, shown)
    lines: list[Points] = [list(enumerate(history)), list(enumerate(forecast, len(history)))]
    numbers = [y for line in (*lines, came) for _, y in line] + [end for pair in band for end in pair]
    if not any(map(is_drawable, numbers)):
        return TextChart([*top, [("nothing to draw yet", None)]])
    rows = max(height - len(top) - 2, 3)
    up = Axis.over([y for y in [*numbers, *beside] if is_drawable(y)], max_ticks=max(rows // 2, 2), rounded=True)
    gutter = max(len(label) for _, label in up.ticks())
    canvas = Canvas(width - gutter - 2, rows, plain)
    last = max(len(history) + len(forecast) - 1, 1)
    across = Axis(0, last, 1)
    if plain:
        for ends in zip(*band, strict=True):
            _line(canvas, across, up, list(enumerate(ends, len(history))), INTERVAL)
    else:
        _interval(canvas, up, last, len(history), band)
    if cursor is not None:
        place = across.share(len(history) + cursor)
        canvas.line((place, 0.0), (place, 1.0), CURSOR)
    _line(canvas, across, up, came, ACTUAL)
    for number, line in enumerate(lines):
        _line(canvas, across, up, line, number)
    places = (0.0, min(len(history) / last, 1.0), 1.0)
    ticks = [(place, label) for place, label in zip(places, labels, strict=True) if label]
    return TextChart([*top, *body(canvas, up, gutter), *foot(canvas, ticks, gutter)])


def backtest_chart(
    actual: Values,
    forecasts: Sequence[tuple[int, Values, Values | None, Values | None]],
    level: float | None = None,
    labels: tuple[str, str] = ("", ""),
    width: int = 80,
    height: int = 16,
    title: str = "",
    plain: bool = False,
) -> TextChart:
    """Draw forecasts of a series beside what came.

    Args:
        actual: The values that came, one per step; None or NaN where missing.
        forecasts: First step, forecast, and ends of the interval of each window, if any.
        level: The level of the intervals, in percent.
        labels: Ticks of the x axis: at the first step, and at the last one.
        width: Columns of the chart, at least 20.
        height: Rows of the chart, heading and axes included; at least 3 are left for the lines.
        title: A heading.
        plain: Draw with ASCII marks rather than with braille dots; of the interval only its ends.
    """
    width = max(width, 20)
    bands = [
        (begin, list(zip(low, high, strict=True)))
        for begin, _, low, high in forecasts
        if low is not None and high is not None
    ]
    names = ["actual", "forecast"] + ([f"{level:g} % interval" if level else "interval"] if bands else [])
    top = heading(names, width, title, plain)
    numbers = [*actual, *(y for _, values, _, _ in forecasts for y in values)]
    numbers += [end for _, band in bands for pair in band for end in pair]
    drawable = [y for y in numbers if is_drawable(y)]
    if not drawable:
        return TextChart([*top, [("nothing to draw yet", None)]])
    rows = max(height - len(top) - 2, 3)
    up = Axis.over(drawable, max_ticks=max(rows // 2, 2), rounded=True)
    gutter = max(len(label) for _, label in up.ticks())
    canvas = Canvas(width - gutter - 2, rows, plain)
    last = max(len(actual) - 1, 1)
    across = Axis(0, last, 1)
    for begin, band in bands:
        if plain:
            for ends in zip(*band, strict=True):
                _line(canvas, across, up, list(enumerate(ends, begin)), INTERVAL)
        else:
            _interval(canvas, up, last, begin, band)
    _line(canvas, across, up, list(enumerate(actual)), HISTORY)
    for begin, values, _, _ in forecasts:
        _line(canvas, across, up, list(enumerate(values, begin)), FORECAST)
    ticks = [(place, label) for place, label in zip((0.0, 1.0), labels, strict=True) if label]
    return TextChart([*top, *body(canvas, up, gutter), *foot(canvas, ticks, gutter)])


def _line(canvas: Canvas, across: Axis, up: Axis, points: Points, number: int) -> None:
    for start, end in segments_of(points):
        canvas.line((across.share(start[0]), up.share(start[1])), (across.share(end[0]), up.share(end[1])), number)


def _interval(canvas: Canvas, up: Axis, last: int, first: int, band: list[tuple[float | None, float | None]]) -> None:
    """Draw the interval: its ends, and every fourth dot between them."""
    columns, rows = (cells * dots for cells, dots in zip((canvas.columns, canvas.rows), canvas.dots, strict=True))
    for x, low, high in _interpolated(columns, last, first, band):
        bottom, top = (round((1 - up.share(end)) * (rows - 1)) for end in (low, high))
        for y in range(top, bottom + 1):
            if y in (top, bottom) or (x % 2 == 0 and (y + x) % 4 == 0):
                place = x / max(columns - 1, 1), 1 - y / max(rows - 1, 1)
                canvas.line(place, place, INTERVAL)


def _interpolated(
    columns: int, last: int, first: int, band: list[tuple[float | None, float | None]]
) -> Iterator[tuple[int, float, float]]:
    """Interval at each column of dots, interpolated linearly between the steps."""
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
