"""Forecast: how the series in a file go on, as far as one likes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, final

from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Static

from seqnlp.service.client import ModelService
from seqnlp.tui.screens.forecasting import INVITATION, ForecastingScreen, numbers, table
from seqnlp.tui.widgets.forecast_view import ForecastView, short
from seqnlp.tui.widgets.series_list import SeriesList

if TYPE_CHECKING:
    from seqnlp.run.summary import Summary


@final
class ForecastScreen(ForecastingScreen):
    """A file of series, and a chart of one that goes on beyond its end."""

    HELP = (
        "The chart shows what came, what is expected, and as a field of dots the interval that the values are to lie "
        "in. Left and right make the horizon shorter and longer, page up and down by a quarter of what the model was "
        "trained for; home brings that back. Up and down choose another series. i hides the interval, l changes its "
        "level, + and - show more or less of what came before. o leads to the line with the file; enter opens it."
    )

    DEFAULT_CSS = """
    ForecastScreen > Horizontal { height: 1fr; }
    """

    def __init__(self, run: Summary, service: ModelService) -> None:
        super().__init__((run,), service)

    def answer_widgets(self) -> Iterable[Widget]:
        """What is seen in words, and the chart with the series to choose from beside it."""
        yield Static("", id="told", markup=False)
        yield Horizontal(ForecastView(INVITATION), SeriesList())

    def describe(self) -> str:
        """The first and the last value, or a warning of what is far away."""
        if not self.drawn:
            return ""
        chosen = self.drawn[0]
        steps = len(chosen["values"])
        if steps > self.trained:
            narrow = "; its intervals are too narrow there" if "low" in chosen else ""
            return f"past the {self.trained:,} steps it was trained for{narrow}"
        return " · ".join(_value(chosen, step) for step in dict.fromkeys((0, steps - 1)))

    def content_to_copy(self) -> str:
        """The forecast that is drawn, a line a step."""
        return "".join(map(table, self.drawn))


def _value(forecast: dict[str, Any], step: int) -> str:
    value, *ends = (f"{forecast[name][step]:.4g}".replace("-", "−") for name in numbers(forecast))
    interval = f" [{ends[0]}, {ends[1]}]" if ends else ""
    return f"{short(forecast['times'][step])}: {value}{interval}"
