"""Chart of a forecast with its history and its interval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from seqnlp.plots.terminal import ACTUAL, CURSOR, FORECAST, HISTORY, INTERVAL, Values, forecast_chart

PLAIN_STYLES = {HISTORY: "", FORECAST: "bold", INTERVAL: "dim", ACTUAL: "underline", CURSOR: "dim", None: ""}
MIN_WIDTH = 20
"""Columns that a chart needs."""


@final
class ForecastView(Widget, can_focus=True):
    """Chart of one series, as large as there is room."""

    DEFAULT_CSS = """
    ForecastView { width: 1fr; height: 1fr; padding: 0 2; }
    """

    def __init__(self, invitation: str, colour: str = "$accent", interval: str = "$primary 60%") -> None:
        """Begin empty.

        Args:
            invitation: Text in the place of a chart while there is none.
            colour: Of the forecast.
            interval: The colour of its interval.
        """
        super().__init__()
        self.forecast: Mapping[str, Any] | None = None
        self.history: Values = ()
        self.beside: Values = ()
        self.with_interval = True
        self.invitation = invitation
        self.actual: Values = ()
        """Values that came over the horizon."""
        self.cursor: int | None = None
        """Step whose values are told."""
        self._gutter = 0
        """Columns of the y axis."""
        self._styles = {
            HISTORY: "$foreground",
            FORECAST: f"bold {colour}",
            INTERVAL: interval,
            ACTUAL: "$secondary",
            CURSOR: "$muted",
            None: "$muted",
        }

    class Pointed(Message):
        """A step of the forecast was clicked."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    def show_forecast(
        self,
        forecast: Mapping[str, Any] | None,
        history: Values,
        with_interval: bool,
        beside: Values = (),
        actual: Values = (),
        cursor: int | None = None,
    ) -> None:
        """Draw a forecast.

        Args:
            forecast: As JSON, or none.
            history: The values before it.
            with_interval: Draw the interval, too.
            beside: Values that the axis has room for, too.
            actual: The values that came, as far as they are known.
            cursor: Step with an upright line.
        """
        self.actual, self.cursor = actual, cursor
        self.forecast, self.history, self.with_interval, self.beside = forecast, history, with_interval, beside
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        content = event.get_content_offset(self)
        if content is None or self.forecast is None:
            return
        before, steps = len(self.history), len(self.forecast["values"])
        gutter = self._gutter
        place = (content.x - gutter) / max(self.size.width - gutter - 1, 1)
        step = round(place * max(before + steps - 1, 1)) - before
        if 0 <= step < steps:
            self.post_message(self.Pointed(step))

    def render(self) -> Content:
        found, (width, height) = self.forecast, self.size
        if found is None or width < MIN_WIDTH or height < 5:
            return Content.styled(self.invitation, "$muted")
        seen = self.with_interval
        times = found["times"]
        last = short_time(times[-1]) if len(times) > 1 else ""
        picture = forecast_chart(
            self.history,
            found["values"],
            found.get("low") if seen else None,
            found.get("high") if seen else None,
            found.get("level"),
            labels=(f"{len(self.history):,} steps before", short_time(times[0]), last),
            width=width,
            height=height,
            beside=self.beside,
            actual=self.actual,
            cursor=self.cursor,
        )
        edge = max((row[0][0] for row in picture.rows if row and row[0][0][-1:] in "│┤"), key=len, default="")
        self._gutter = len(edge)
        styles = PLAIN_STYLES if self.app.ansi_color else self._styles
        rows = [Content.assemble(*((text, styles[number]) for text, number in row)) for row in picture.rows]
        return Content("\n").join(rows)


def short_time(moment: str) -> str:
    """A timestamp without empty parts: seconds, and midnight."""
    day, _, hour = moment.partition("T")
    hour = hour.removesuffix(":00") if hour.count(":") == 2 else hour
    return day if hour in ("", "00:00") else f"{day} {hour}"
