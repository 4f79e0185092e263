"""Forecasts as an SVG picture, written without any drawing library."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from seqnlp.plots.lines_svg import BOTTOM, LEFT, RIGHT, TOP, WIDTH, Panel, path_of
from seqnlp.plots.svg import picture, text
from seqnlp.plots.terminal import Axis, is_drawable

if TYPE_CHECKING:
    from seqnlp.results import SeriesForecast

HEIGHT = 240
"""Pixels of a panel."""
HISTORY, FORECAST = "#444444", "#0b6fb8"

NOW = '<path d="M{x:.1f} {y:.1f}V{end:.1f}" stroke="#999999" stroke-dasharray="3 3"/>'
FIELD = '<path d="{path}Z" fill="{colour}" fill-opacity="0.2"><title>{level:g} % interval</title></path>'


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
    top, right = HEIGHT * number + TOP, WIDTH - RIGHT
    begin = len(history)
    ends = [*(each.low or []), *(each.high or [])]
    across = Axis(0, max(begin + len(each.values) - 1, 1), 1)
    up = Axis.over([y for y in [*history, *each.values, *ends] if is_drawable(y)], most=6, rounded=True)
    panel = Panel(top, HEIGHT * (number + 1) - BOTTOM, across, up)
    yield text(LEFT, top - 14, each.name, "start", ' font-size="14"')
    yield from panel.rules()
    if each.low is not None and each.high is not None and each.level is not None:
        rim = [panel.place(begin + n, y) for n, y in enumerate(each.low)]
        rim += [panel.place(begin + n, y) for n, y in reversed(list(enumerate(each.high)))]
        yield FIELD.format(path=path_of(rim), colour=FORECAST, level=each.level)
    yield from panel.line(list(enumerate(history)), HISTORY)
    yield from panel.line(list(enumerate(each.values, begin)), FORECAST)
    now, bottom = panel.place(begin, up.low)
    yield NOW.format(x=now, y=top, end=bottom)
    yield text(now, bottom + 18, each.times[0], "end" if now > WIDTH / 2 else "start")
    if len(each.times) > 1 and right - now > 150:
        yield text(right, bottom + 18, each.times[-1], "end")
