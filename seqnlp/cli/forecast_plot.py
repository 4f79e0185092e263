"""Forecasts drawn on the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seqnlp.results import SeriesForecast

History = Mapping[str, Sequence[float | None]]

ROWS = 16
"""Of the chart of a series."""


def draw_text(found: Sequence[SeriesForecast], history: History) -> None:
    """Draw a chart of each series on stdout: what came, what is forecast, and the interval."""
    from seqnlp.cli.tables import PIPE_WIDTH, has_braille, print_picture, stdout_console
    from seqnlp.plots.forecast import forecast_chart

    console = stdout_console()
    width = 80 if console.width == PIPE_WIDTH else console.width
    for number, each in enumerate(found):
        past = history[each.name]
        before = f"{len(past)} steps before"
        picture = forecast_chart(
            past,
            each.values,
            each.low,
            each.high,
            each.level,
            labels=(before, each.times[0], each.times[-1]),
            width=width,
            height=ROWS,
            title=f"{each.name}, from {each.times[0]} to {each.times[-1]}",
            plain=not has_braille(console),
        )
        if number:
            console.print()
        print_picture(console, picture)
