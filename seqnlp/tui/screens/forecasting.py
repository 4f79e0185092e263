"""Forecasting: what the screens share that draw how series go on, one run's or two runs'."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from seqnlp.run import Run
from seqnlp.run.summary import data_section
from seqnlp.service.client import ModelService, ServiceError
from seqnlp.tui.screens.live import Line, LiveScreen
from seqnlp.tui.widgets.forecast_view import ForecastView
from seqnlp.tui.widgets.name_list import NameList

if TYPE_CHECKING:
    from seqnlp.run.summary import Summary

LEVELS = (None, 50.0, 90.0, 95.0)
"""Intervals that one can go through; None: what the model tells by itself."""
BEFORE = (0.5, 1.0, 2.0, 4.0, 8.0)
"""How many times as many steps as are forecast one can look back."""

CHANGES = ("reach", "stride", "as_trained", "series", "interval", "level", "look_back")
"""The actions that change a chart."""

INVITATION = "the forecast will stand here"


class ForecastingScreen(LiveScreen):
    """Fill in `answer_widgets`, with a `ForecastView` a run and a `SeriesList`, and `describe`."""

    QUESTION = "forecast"
    PLACEHOLDER = "a file of series; maybe up to a row or a day: load.csv[:-24]"
    AS_ONE_TYPES = False

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
    ForecastingScreen {
        #told { height: 2; padding: 0 2; }
        &.-several SeriesList { display: block; }
        &.-wide SeriesList { width: 32; }
        &.-narrow { #told, ForecastView { padding: 0 1; } }
        &.-narrow SeriesList { display: none; }
    }
    """

    def __init__(self, runs: tuple[Summary, ...], service: ModelService) -> None:
        super().__init__(runs[0], service)
        self.runs = runs
        self.file = file_of(runs[0].path)
        """The file to begin with: the one that the first run was tested with."""
        self.found: list[dict[str, Any]] = []
        """What each run forecasts, as JSON; empty if there is nothing."""
        self.read = ""
        """The file that this was forecast from; empty if there is nothing."""
        self.points: set[int] = set()
        """The numbers of the runs that know no intervals."""
        self.horizon: int | None = None
        """Steps to forecast; None: as many as all of the models were trained for."""
        self.level: float | None = None
        self.turned_to: float | None = None
        """The level that was turned to last; the model may know none that wide."""
        self.worked: tuple[int | None, float | None] = (None, None)
        """The horizon and the level of what was found last."""
        self.before = 2.0
        self.index = 0
        self.with_interval = True
        self.has_chart = False

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without a chart nothing of it can be changed."""
        return self.has_chart or action not in CHANGES

    def line(self) -> Widget:
        """The line for the file."""
        return Line(placeholder=self.PLACEHOLDER, id="text", compact=True, select_on_focus=False)

    def on_mount(self) -> None:
        """Ask at once."""
        self.query_one("#text", Line).value = self.file
        self.answer.focus()
        self.think()

    @property
    def answer(self) -> ForecastView:
        """The first chart."""
        return self.query(ForecastView).first()

    @property
    def typed(self) -> str:
        """The file."""
        return self.query_one("#text", Line).value

    @property
    def names(self) -> list[str]:
        """The series that all runs forecast."""
        first, *others = ([each["name"] for each in found["forecasts"]] for found in self.found or [{"forecasts": []}])
        return [name for name in first if all(name in other for other in others)]

    @property
    def drawn(self) -> list[dict[str, Any]]:
        """What each run forecasts of the chosen series."""
        names = self.names
        return [
            next(each for each in found["forecasts"] if each["name"] == names[self.index])
            for found in (self.found if names else [])
        ]

    @property
    def trained(self) -> int:
        """The steps that all models were trained for; 0 if that is not known yet."""
        return min((found["trained"] for found in self.found), default=0)

    def settings(self) -> dict[str, Any] | None:
        """The file, and how far to look."""
        file = self.typed.strip()
        if not file:
            return None
        if file != self.read:  # settings that were never answered are no trouble of this file
            self.horizon, self.level = self.worked
            self.turned_to = self.level
        return {"file": file, "horizon": self.horizon, "level": self.level, "before": self.before}

    async def ask(self, do: str, **settings: Any) -> list[Any]:
        """What each run answers; all forecasts are as long as the shortest."""
        found = [await self._ask_one(number, do, settings) for number in range(len(self.runs))]
        lengths = [len(answer["forecasts"][0]["values"]) for answer in found if do == self.QUESTION]
        for number, length in enumerate(lengths):
            if length > min(lengths):
                found[number] = await self._ask_one(number, do, {**settings, "horizon": min(lengths)})
        if do == self.QUESTION:
            self.read, self.worked = settings["file"], (settings["horizon"], settings["level"])
            self.points.update(n for n, answer in enumerate(found) if "low" not in answer["forecasts"][0])
        return found

    async def _ask_one(self, number: int, do: str, settings: dict[str, Any]) -> Any:
        """One run's answer; one that knows no intervals is asked for none."""
        if number in self.points:
            settings = {**settings, "level": None}
        return await self.service.ask(do, self.runs[number].path, settings)

    def refuse(self, error: ServiceError, asked: dict[str, Any]) -> None:
        """Another file that can't be read has no chart, and the reason stands in its place; other faults leave that."""
        self.horizon, self.level = self.worked
        if error.kind != "DataError" or asked["file"] == self.read:
            super().refuse(error, asked)
            return
        self.show_answer(None)
        self.tell()
        for view in self.query(ForecastView):
            view.invitation = ""
        self.query_one("#told", Static).update(
            Content.assemble(("✕ ", "bold $error"), (error.message, "bold"), ("   o: name another file", "$muted"))
        )

    def show_answer(self, found: Any) -> None:
        """Draw the chosen series, with axes that are as high in all charts."""
        self.found = found or []
        self.read = self.read if found else ""
        names = self.names
        self.index = min(self.index, max(len(names) - 1, 0))
        self.set_class(len(names) > 1, "-several")
        self.query_one(NameList).show_names(names, self.index)
        drawn = self.drawn
        past = [found["history"][names[self.index]] for found in (self.found if drawn else [])]
        lines = [*past, *(each[name] for each in drawn for name in numbers(each, self.with_interval))]
        values = [value for line in lines for value in line]
        for number, view in enumerate(self.query(ForecastView)):
            forecast, history = (drawn[number], past[number]) if drawn else (None, ())
            view.invitation = INVITATION
            view.show_forecast(forecast, history, self.with_interval, values)
        self.query_one("#told", Static).update(self._told())
        self.has_chart = bool(drawn)
        self.refresh_bindings()

    def _told(self) -> Content:
        """Which series is drawn, and how far."""
        if not self.found:
            return Content("")
        names, drawn = self.names, self.drawn
        if not drawn:
            return Content.assemble(("≠ ", "bold $warning"), ("They forecast no series of the same name.", "bold"))
        steps = len(drawn[0]["values"])
        parts = [(names[self.index], "bold"), (f"   {steps:,} step{'s' * (steps != 1)}", "$accent")]
        if len(names) > 1:
            parts.insert(1, (f"  {self.index + 1:,}/{len(names):,}", "$muted"))
        if self._knows_intervals() and not self.with_interval:
            parts.append(("   interval hidden", "$muted"))
        return Content.assemble(*parts)

    def _knows_intervals(self) -> bool:
        return any("low" in each for each in self.drawn)

    @on(NameList.Clicked)
    def _clicked(self, event: NameList.Clicked) -> None:
        self.action_series(event.number - self.index)

    def action_look_closer(self) -> None:
        """Open the file, and go to the chart."""
        self.answer.focus()
        self.think()

    def action_reach(self, by: int) -> None:
        """Forecast some steps more or fewer."""
        if here := self.horizon or self.trained:
            self.horizon = max(here + by, 1)
            self.think()

    def action_stride(self, by: int) -> None:
        """A quarter of the trained horizon more or less."""
        self.action_reach(by * max(self.trained // 4, 1))

    def action_as_trained(self) -> None:
        """As many steps as the models were trained for."""
        self.horizon = None
        self.think()

    def action_series(self, by: int) -> None:
        """Another series."""
        self.index = min(max(self.index + by, 0), max(len(self.names) - 1, 0))
        self.show_answer(self.found)
        self.tell()

    def action_interval(self) -> None:
        """Hide the interval, or show it."""
        self._warn_of_points()
        self.with_interval = not self.with_interval
        self.show_answer(self.found)

    def action_level(self) -> None:
        """The next level of the interval."""
        if self.level is None and self._warn_of_points():
            return
        self.level = self.turned_to = LEVELS[(LEVELS.index(self.turned_to) + 1) % len(LEVELS)]
        self.with_interval = True
        self.think()

    def _warn_of_points(self) -> bool:
        points = bool(self.drawn) and not self._knows_intervals()
        if points:
            self.notify("Points are forecast here, without intervals.", timeout=3)
        return points

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


def numbers(forecast: dict[str, Any], with_interval: bool = True) -> list[str]:
    """Which of the numbers of a forecast there are."""
    return ["values", "low", "high"] if with_interval and "low" in forecast else ["values"]


def table(forecast: dict[str, Any]) -> str:
    """A line a step: the moment, and the numbers, with tabs between."""
    columns = [forecast["times"], *([f"{value:.6g}" for value in forecast[name]] for name in numbers(forecast))]
    return "\n".join("\t".join(row) for row in zip(*columns, strict=True))


def file_of(run: str) -> str:
    """The file that a run was tested with, or else one of its others; empty if its recipe can't be read."""
    data = data_section(Run(Path(run)))
    return str(data.get("test") or data.get("dev") or data.get("train") or "")
