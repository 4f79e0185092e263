"""Forecast: how the series in a file go on, as far as one likes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from seqnlp.errors import SeqnlpError
from seqnlp.run import Run
from seqnlp.run.summary import read_recipe
from seqnlp.tui.predictor import Predictor
from seqnlp.tui.screens.live import LiveScreen
from seqnlp.tui.widgets.forecast_view import ForecastView, short
from seqnlp.tui.widgets.name_list import NameList

if TYPE_CHECKING:
    from seqnlp.run.summary import Summary

LEVELS = (None, 50.0, 90.0, 95.0)
"""Intervals that one can go through; None: what the model tells by itself."""
BEFORE = (0.5, 1.0, 2.0, 4.0, 8.0)
"""How many times as many steps as are forecast one can look back."""


@final
class Answer(Horizontal):
    """The chart, and beside it the series to choose from."""

    def compose(self) -> ComposeResult:
        """Both."""
        yield ForecastView()
        with Vertical(id="side"):
            yield Static("series", classes="name")
            yield NameList("series")


@final
class ForecastScreen(LiveScreen):
    """A file of series, and a chart of one that goes on beyond its end."""

    QUESTION = "forecast"
    PLACEHOLDER = "a file of series; maybe up to a row or a day: load.csv[:-24]"
    AS_ONE_TYPES = False
    HELP = (
        "The chart shows what came, what is expected, and as a field of dots the interval that the values are to lie "
        "in. Left and right make the horizon shorter and longer, page up and down by a quarter of what the model was "
        "trained for; home brings that back. Up and down choose another series. i hides the interval, l changes its "
        "level, + and - show more or less of what came before. o leads to the line with the file; enter opens it."
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "reach(-1)", "shorter", key_display="←"),
        Binding("right", "reach(1)", "longer", key_display="→"),
        Binding("pagedown", "stride(-1)", "much shorter", show=False),
        Binding("pageup", "stride(1)", "much longer", show=False),
        Binding("home", "as_trained", "horizon as trained", show=False),
        Binding("up", "series(-1)", "series above", show=False),
        Binding("down", "series(1)", "series below", show=False),
        Binding("i", "interval", "interval"),
        Binding("l", "level", "level"),
        Binding("plus,equals_sign", "look_back(1)", "more history", key_display="+", show=False),
        Binding("minus", "look_back(-1)", "less history", key_display="-", show=False),
        Binding("o,slash", "focus('#text')", "file", key_display="o"),
    ]

    DEFAULT_CSS = """
    ForecastScreen {
        #told { height: 2; padding: 0 2; }
        Answer { height: 1fr; }
        #side { width: 22; padding: 0 1; border-left: solid $faint; display: none; }
        #side > .name { color: $primary; text-style: bold; height: 1; margin-left: 2; }
        &.-several #side { display: block; }
        &.-wide #side { width: 32; }
        &.-narrow { #told, ForecastView { padding: 0 1; } }
        &.-narrow #side { display: none; }
    }
    """

    def __init__(self, run: Summary, predictor: Predictor) -> None:
        super().__init__(run, predictor)
        self.found: dict[str, Any] = {}
        """The forecasts that are shown, as JSON; empty if there are none."""
        self.horizon: int | None = None
        """Steps to forecast; None: as many as the model was trained for."""
        self.level: float | None = None
        self.before = 2.0
        self.index = 0
        self.with_interval = True

    def answer_widgets(self) -> Iterable[Widget]:
        """What is seen in words, and the chart."""
        yield Static("", id="told", markup=False)
        yield Answer()

    def on_mount(self) -> None:
        """Begin with the file that the run was tested with."""
        self.answer.invitation = "the forecast will stand here"
        self.query_one("#text", Input).value = file_of(self.run.path)
        self.answer.focus()
        self.think()

    @property
    def answer(self) -> ForecastView:
        """The chart."""
        return self.query_one(ForecastView)

    @property
    def forecasts(self) -> list[dict[str, Any]]:
        """One a series."""
        forecasts: list[dict[str, Any]] = self.found.get("forecasts", [])
        return forecasts

    @property
    def chosen(self) -> dict[str, Any] | None:
        """The forecast that is drawn."""
        return self.forecasts[self.index] if self.forecasts else None

    def settings(self) -> dict[str, Any] | None:
        """The file, and how far to look."""
        file = self.typed.strip()
        if not file:
            return None
        return {"file": file, "horizon": self.horizon, "level": self.level, "before": self.before}

    def show_answer(self, found: Any) -> None:
        """Draw the chosen series."""
        self.found = found or {}
        names = [each["name"] for each in self.forecasts]
        self.index = min(self.index, max(len(names) - 1, 0))
        self.set_class(len(names) > 1, "-several")
        self.query_one(NameList).show_names(names, self.index)
        chosen = self.chosen
        history = self.found["history"][chosen["name"]] if chosen is not None else ()
        self.answer.show_forecast(chosen, history, self.with_interval)
        self.query_one("#told", Static).update(self._told())

    def describe(self) -> str:
        """The first and the last value, or a warning of what is far away."""
        chosen = self.chosen
        if chosen is None:
            return ""
        steps, trained = len(chosen["values"]), self.found["trained"]
        if steps > trained:
            narrow = ", and its intervals are too narrow" if "low" in chosen else ""
            return f"past the {trained} steps it was trained for it goes on from its own forecasts{narrow}"
        return " · ".join(_value(chosen, step) for step in dict.fromkeys((0, steps - 1)))

    def _told(self) -> Content:
        chosen = self.chosen
        if chosen is None:
            return Content("")
        steps = len(chosen["values"])
        parts = [(chosen["name"], "bold"), (f"   {steps} step{'s' * (steps != 1)}", "$accent")]
        if len(self.forecasts) > 1:
            parts.insert(1, (f"  {self.index + 1}/{len(self.forecasts)}", "$muted"))
        if "low" in chosen and not self.with_interval:
            parts.append(("   interval hidden", "$muted"))
        return Content.assemble(*parts)

    @on(NameList.Clicked)
    def _clicked(self, event: NameList.Clicked) -> None:
        self.action_series(event.number - self.index)

    def action_look_closer(self) -> None:
        """Open the file, and go to the chart."""
        self.answer.focus()
        self.think()

    def action_reach(self, by: int) -> None:
        """Forecast some steps more or fewer."""
        here = self.horizon or self.found.get("trained")
        if here is not None:
            self.horizon = max(here + by, 1)
            self.think()

    def action_stride(self, by: int) -> None:
        """A quarter of the trained horizon more or less."""
        self.action_reach(by * max(self.found.get("trained", 4) // 4, 1))

    def action_as_trained(self) -> None:
        """As many steps as the model was trained for."""
        self.horizon = None
        self.think()

    def action_series(self, by: int) -> None:
        """Another series."""
        self.index = min(max(self.index + by, 0), max(len(self.forecasts) - 1, 0))
        self.show_answer(self.found)
        self.tell()

    def action_interval(self) -> None:
        """Hide the interval, or show it."""
        if self.chosen is not None and "low" not in self.chosen:
            self.notify("This model forecasts points and knows no intervals.", timeout=3)
        self.with_interval = not self.with_interval
        self.show_answer(self.found)

    def action_level(self) -> None:
        """The next level of the interval."""
        if self.chosen is not None and "low" not in self.chosen and self.level is None:
            self.notify("This model forecasts points and knows no intervals.", timeout=3)
            return
        self.level = LEVELS[(LEVELS.index(self.level) + 1) % len(LEVELS)]
        self.with_interval = True
        self.think()

    def action_look_back(self, by: int) -> None:
        """More of what came before, or less."""
        self.before = BEFORE[min(max(BEFORE.index(self.before) + by, 0), len(BEFORE) - 1)]
        self.think()

    def action_leave(self) -> None:
        """From the line to the chart, and from there out."""
        if isinstance(self.focused, Input) and self.found:
            self.answer.focus()
        else:
            self.app.pop_screen()

    def content_to_copy(self) -> str:
        """The forecast that is drawn, a line a step."""
        chosen = self.chosen
        if chosen is None:
            return ""
        columns = [chosen["times"], *([f"{value:.6g}" for value in chosen[name]] for name in _numbers(chosen))]
        return "\n".join("\t".join(row) for row in zip(*columns, strict=True))


def file_of(run: str) -> str:
    """The file that a run was tested with, or else one of its others; empty if its recipe can't be read."""
    try:
        data = read_recipe(Run.at(run)).get("data", {})
    except SeqnlpError:
        return ""
    return str(data.get("test") or data.get("dev") or data.get("train") or "")


def _numbers(forecast: dict[str, Any]) -> list[str]:
    return ["values", "low", "high"] if "low" in forecast else ["values"]


def _value(forecast: dict[str, Any], step: int) -> str:
    value, *ends = (f"{forecast[name][step]:.4g}".replace("-", "−") for name in _numbers(forecast))
    interval = f" [{ends[0]}, {ends[1]}]" if ends else ""
    return f"{short(forecast['times'][step])}: {value}{interval}"
