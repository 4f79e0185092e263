"""Line charts and forecasts as SVG."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seqnlp.plots.axes import Axis, Point, Points, is_drawable, pieces_of
from seqnlp.plots.svg import escaped, svg_document, text

if TYPE_CHECKING:
    from seqnlp.results import BacktestSeries, SeriesForecast

WIDTH, HEIGHT, FORECAST_HEIGHT = 800, 320, 240
"""Pixels of a panel: its width, and its height in a line chart and in a forecast."""
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 36, 32
"""Pixels around the lines of a panel."""
LETTER, WIDEST = 8, 12
"""Approximate width of a digit, and width of the widest letter, in pixels."""
ROW, KEY, MARGIN = 20, 28, 8
"""Legend, in pixels: height of a row, width of the stroke before a name, margin under the last row."""
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Palette of Okabe and Ito, safe for the colour-blind; without yellow, which is hard to see on white."""
HISTORY_COLOUR, FORECAST_COLOUR = "#444444", "#0b6fb8"
DASHES = ("none", "7 3", "2 2", "7 3 2 3")
"""Dash patterns, for more lines than there are colours."""

Style = tuple[str, str]
"""Colour and dash pattern of a line."""

GROUP = '<g stroke-dasharray="{dash}"><title>{name}</title>'
RULE = '<path d="M{x:.1f} {y:.1f}H{end:.1f}" stroke="#dddddd"/>'
TICK = '<path d="M{x:.1f} {y:.1f}v4" stroke="#999999"/>'
LINE = '<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
DOT = '<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>'
START = '<path d="M{x:.1f} {y:.1f}V{end:.1f}" stroke="#999999" stroke-dasharray="3 3"/>'
BAND = '<path d="{path}Z" fill="{colour}" fill-opacity="0.2"><title>{level:g} % interval</title></path>'


def line_chart_svg(title: str, charts: Mapping[str, Mapping[str, Points]]) -> str:
    """Draw line charts, by heading, under one legend: a name has the same colour in all."""
    names = dict.fromkeys(name for lines in charts.values() for name in lines)
    styles = {name: _style(number) for number, name in enumerate(names)}
    parts, top = _legend(styles)
    for place, (heading, lines) in enumerate(charts.items()):
        parts += _panel(heading, lines, styles, top + HEIGHT * place)
    return svg_document(title, WIDTH, top + HEIGHT * len(charts), "\n".join(parts))


def forecast_svg(title: str, forecasts: Sequence[SeriesForecast], history: Mapping[str, Sequence[float | None]]) -> str:
    """Draw forecasts in a column: history in grey, forecast in blue, interval as a pale band.

    History is by series name, with None or NaN where a value is missing.
    """
    panels = [
        line for number, each in enumerate(forecasts) for line in _forecast_panel(each, history[each.name], number)
    ]
    return svg_document(title, WIDTH, FORECAST_HEIGHT * max(len(forecasts), 1), "\n".join(panels))


def backtest_svg(title: str, found: Sequence[BacktestSeries]) -> str:
    """Draw backtests in a column: what came in grey, each forecast in blue, intervals as pale bands."""
    panels = [line for number, each in enumerate(found) for line in _backtest_panel(each, number)]
    return svg_document(title, WIDTH, FORECAST_HEIGHT * max(len(found), 1), "\n".join(panels))


def _backtest_panel(series: BacktestSeries, number: int) -> Iterator[str]:
    top, right = FORECAST_HEIGHT * number + TOP, WIDTH - RIGHT
    ends = [end for each in series.forecasts for end in [*each.values, *(each.low or []), *(each.high or [])]]
    up = Axis.over([y for y in [*series.actual, *ends] if is_drawable(y)], max_ticks=6, rounded=True)
    panel = Panel(top, FORECAST_HEIGHT * (number + 1) - BOTTOM, Axis(0, max(len(series.actual) - 1, 1), 1), up)
    yield text(LEFT, top - 14, series.name, "start", ' font-size="14"')
    yield from panel.grid()
    for begin, each in zip(series.begins, series.forecasts, strict=True):
        yield from _band(panel, each, begin)
    yield from panel.line(list(enumerate(series.actual)), HISTORY_COLOUR)
    for begin, each in zip(series.begins, series.forecasts, strict=True):
        start, bottom = panel.place(begin, up.low)
        yield START.format(x=start, y=top, end=bottom)
        yield from panel.line(list(enumerate(each.values, begin)), FORECAST_COLOUR)
    yield text(panel.left, panel.bottom + 18, series.times[0], "start")
    yield text(right, panel.bottom + 18, series.times[-1], "end")


def _band(panel: Panel, each: SeriesForecast, begin: int) -> Iterator[str]:
    """Interval of a forecast that begins at this step."""
    if each.low is not None and each.high is not None and each.level is not None:
        rim = [panel.place(begin + n, y) for n, y in enumerate(each.low)]
        rim += [panel.place(begin + n, y) for n, y in reversed(list(enumerate(each.high)))]
        yield BAND.format(path=path_of(rim), colour=FORECAST_COLOUR, level=each.level)


@dataclass(frozen=True)
class Panel:
    """Plot area between two axes."""

    top: float
    bottom: float
    across: Axis
    up: Axis

    @property
    def left(self) -> float:
        """Left edge of the lines, in pixels; the labels of the y axis are left of it."""
        return max(LEFT, 2 * LETTER + LETTER * max(len(label) for _, label in self.up.ticks()))

    def place(self, x: float, y: float) -> Point:
        """Pixel coordinates of a point, from the left and from the top."""
        right = WIDTH - RIGHT
        across, up = self.across.share(x), self.up.share(y)
        return self.left + (right - self.left) * across, self.bottom - (self.bottom - self.top) * up

    def grid(self) -> Iterator[str]:
        """Horizontal grid lines, labelled, at the ticks of the y axis."""
        for share, label in self.up.ticks():
            y = self.bottom - (self.bottom - self.top) * share
            yield RULE.format(x=self.left, y=y, end=WIDTH - RIGHT)
            yield text(self.left - 6, y + 4, label, "end")

    def line(self, points: Points, colour: str) -> Iterator[str]:
        """Polyline through points, and a dot for each point without neighbours."""
        for piece in pieces_of(points):
            places = [self.place(x, y) for x, y in piece]
            if len(places) > 1:
                yield LINE.format(path=path_of(places), colour=colour)
            else:
                yield DOT.format(x=places[0][0], y=places[0][1], colour=colour)


def path_of(places: Sequence[Point]) -> str:
    """SVG path data through points, in pixels."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)


def _panel(heading: str, lines: Mapping[str, Points], styles: Mapping[str, Style], top: float) -> Iterator[str]:
    yield text(LEFT, top + TOP - 14, heading, "start", ' font-size="14"')
    ends = [point for points in lines.values() for piece in pieces_of(points) for point in piece]
    if not ends:
        yield text(LEFT, top + TOP + 14, "nothing to draw yet", "start")
        return
    across = Axis.over([x for x, _ in ends], max_ticks=10)
    up = Axis.over([y for _, y in ends], max_ticks=8, rounded=True)
    panel = Panel(top + TOP, top + HEIGHT - BOTTOM, across, up)
    yield from panel.grid()
    used = 0.0
    for share, label in across.ticks():
        x, half = panel.left + (WIDTH - RIGHT - panel.left) * share, LETTER * len(label) / 2
        yield TICK.format(x=x, y=panel.bottom)
        middle = min(x, WIDTH - half)
        if middle - half >= used:
            yield text(middle, panel.bottom + 18, label, "middle")
            used = middle + half
    for name, points in lines.items():
        colour, dash = styles[name]
        yield "".join([GROUP.format(dash=dash, name=escaped(name)), *panel.line(points, colour), "</g>"])


def _forecast_panel(each: SeriesForecast, history: Sequence[float | None], number: int) -> Iterator[str]:
    top, right = FORECAST_HEIGHT * number + TOP, WIDTH - RIGHT
    begin = len(history)
    ends = [*(each.low or []), *(each.high or [])]
    across = Axis(0, max(begin + len(each.values) - 1, 1), 1)
    up = Axis.over([y for y in [*history, *each.values, *ends] if is_drawable(y)], max_ticks=6, rounded=True)
    panel = Panel(top, FORECAST_HEIGHT * (number + 1) - BOTTOM, across, up)
    yield text(LEFT, top - 14, each.name, "start", ' font-size="14"')
    yield from panel.grid()
    yield from _band(panel, each, begin)
    yield from panel.line(list(enumerate(history)), HISTORY_COLOUR)
    yield from panel.line(list(enumerate(each.values, begin)), FORECAST_COLOUR)
    start, bottom = panel.place(begin, up.low)
    yield START.format(x=start, y=top, end=bottom)
    yield text(start, bottom + 18, each.times[0], "end" if start > WIDTH / 2 else "start")
    if len(each.times) > 1 and right - start > 150:
        yield text(right, bottom + 18, each.times[-1], "end")


def _style(number: int) -> Style:
    cycle, colour = divmod(number, len(COLOURS))
    return COLOURS[colour], DASHES[cycle % len(DASHES)]


def _legend(styles: Mapping[str, Style]) -> tuple[list[str], int]:
    """Legend in columns, and its height in pixels; a name that is too long continues in the next row."""
    room = WIDTH - RIGHT - LEFT
    letters = (room - KEY) // WIDEST
    columns = max(room // (KEY + WIDEST * (max(map(len, styles), default=0) + 1)), 1)
    parts: list[str] = []
    cell = 0
    for name, (colour, dash) in styles.items():
        for begin in range(0, max(len(name), 1), letters):
            row, column = divmod(cell, columns)
            x, y = LEFT + room // columns * column, ROW * (row + 1)
            key = "" if begin else LINE.format(path=path_of([(x, y - 4), (x + KEY - 6, y - 4)]), colour=colour)
            words = text(x + KEY, y, name[begin : begin + letters], "start")
            parts.append("".join([GROUP.format(dash=dash, name=escaped(name)), key, words, "</g>"]))
            cell += 1
    return parts, ROW * -(-cell // columns) + MARGIN
