"""Forecasts as an SVG picture, written without any drawing library."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from seqnlp.chart import Axis, is_drawable
from seqnlp.cli.svg import picture, text

if TYPE_CHECKING:
    from seqnlp.results import SeriesForecast

WIDTH, HEIGHT = 800, 240
"""Pixels of a panel."""
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 36, 32
"""Pixels around its lines."""
HISTORY, FORECAST = "#444444", "#0b6fb8"

RULE = '<path d="M{x:.1f} {y:.1f}H{end:.1f}" stroke="#dddddd"/>'
LINE = '<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
DOT = '<circle cx="{x:.1f}" cy="{y:.1f}" r="1.5" fill="{colour}"/>'
NOW = '<path d="M{x:.1f} {y:.1f}V{end:.1f}" stroke="#999999" stroke-dasharray="3 3"/>'
FIELD = '<path d="{path}Z" fill="{colour}" fill-opacity="0.2"><title>{level:g} % interval</title></path>'

Place = tuple[float, float]


def draw(title: str, forecasts: Sequence[SeriesForecast], history: Mapping[str, Sequence[float | None]]) -> str:
    """One panel under the other: what came in grey, what is expected in blue, and the interval as a pale field.

    Args:
        title: What the picture is of.
        forecasts: How the series go on.
        history: The last values of each series, by name; None or NaN where one is missing.
    """
    panels = [line for number, each in enumerate(forecasts) for line in _panel(each, history[each.name], number)]
    return picture(title, WIDTH, HEIGHT * max(len(forecasts), 1), "\n".join(panels))


def _panel(each: SeriesForecast, history: Sequence[float | None], number: int) -> Iterator[str]:
    top, bottom = HEIGHT * number + TOP, HEIGHT * (number + 1) - BOTTOM
    left, right = LEFT, WIDTH - RIGHT
    ends = [*(each.low or []), *(each.high or [])]
    up = Axis.over([y for y in [*history, *each.values, *ends] if is_drawable(y)], most=6, rounded=True)
    last = max(len(history) + len(each.values) - 1, 1)

    def place(step: int, value: float) -> Place:
        return left + (right - left) * step / last, bottom - (bottom - top) * up.share(value)

    yield text(left, top - 14, each.name, "start", ' font-size="14"')
    for share, label in up.ticks():
        y = bottom - (bottom - top) * share
        yield RULE.format(x=left, y=y, end=right)
        yield text(left - 6, y + 4, label, "end")
    begin = len(history)
    if each.low is not None and each.high is not None and each.level is not None:
        rim = [place(begin + n, y) for n, y in enumerate(each.low)]
        rim += [place(begin + n, y) for n, y in reversed(list(enumerate(each.high)))]
        yield FIELD.format(path=_path(rim), colour=FORECAST, level=each.level)
    for colour, first, values in ((HISTORY, 0, history), (FORECAST, begin, each.values)):
        for drawable, run in groupby(enumerate(values, first), key=lambda pair: is_drawable(pair[1])):
            points = [place(step, value) for step, value in run if value is not None] if drawable else []
            if len(points) == 1:
                yield DOT.format(x=points[0][0], y=points[0][1], colour=colour)
            elif points:
                yield LINE.format(path=_path(points), colour=colour)
    now = place(begin, up.low)[0]
    yield NOW.format(x=now, y=top, end=bottom)
    yield text(now, bottom + 18, each.times[0], "end" if now > WIDTH / 2 else "start")
    if len(each.times) > 1 and right - now > 150:
        yield text(right, bottom + 18, each.times[-1], "end")


def _path(points: Sequence[Place]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
