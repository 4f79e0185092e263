"""Forecast panel: the series in a file continued, by one run or two, over any horizon."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any, ClassVar, final

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList, Static

from seqnlp.plots.axes import is_drawable
from seqnlp.run.summary import Summary
from seqnlp.service.client import ModelService, ServiceError
from seqnlp.tui.configuration.key_names import named
from seqnlp.tui.configuration.load import Configuration
from seqnlp.tui.history import Found
from seqnlp.tui.panels.base import LEFT, RIGHT
from seqnlp.tui.panels.file import FilePanel
from seqnlp.tui.widgets.forecast_view import ForecastView, short_time
from seqnlp.units import count_of

LEVELS = (None, 50.0, 90.0, 95.0)
"""Levels of the interval; None: the model's own."""

HISTORY = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Lengths of the history, in horizons."""

CHART_ACTIONS = ("point", "reach", "stride", "as_trained", "series", "interval", "level", "history")
"""Actions that change a chart."""

INVITATION = "the forecast will stand here"

Forecast = Mapping[str, Any]
"""A JSON object of `seqnlp.results.SeriesForecast`."""


@final
class ForecastPanel(FilePanel):
    """A file of series, and a chart of one for each run."""

    REQUEST = "forecast"
    PLACEHOLDER = "a file of series; maybe up to a row or a day: load.csv[:-24]"
    HELP = (
        "The chart shows what came, what is expected, and as a field of dots the interval that the values are to lie "
        "in. Left and right make the horizon shorter and longer, page up and down by a quarter of what the model was "
        "trained for; home brings that back. Up and down choose another series. i hides the interval, l changes its "
        "level, + and - show more or less of what came before. b begins a horizon earlier, n later again: then what "
        "came stands beside what was forecast. < and >, or a click, tell the values of a step. o leads to the line "
        "with the file; enter opens it, up "
        "and down lead through earlier ones, and ^r lists them."
    )
    COMPARE_HELP = (
        "Two runs forecast the same series of the same file, as many steps as both were trained for; their charts have "
        "the same axes, and below stands how far they are apart. Left and right make the horizon shorter and longer, "
        "page up and down by a quarter; home brings that back. Up and down choose another series. i hides the "
        "intervals, l changes their level, + and - show more or less of what came before, F2 swaps the sides. o leads "
        "to the line with the file; enter opens it."
    )

    BINDINGS: ClassVar[list[BindingType]] = named(
        "forecast",
        Binding("left", "reach(-1)", "shorter", key_display="←"),
        Binding("right", "reach(1)", "longer", key_display="→"),
        Binding("pagedown", "stride(-1)", "much shorter", show=False),
        Binding("pageup", "stride(1)", "much longer", show=False),
        Binding("home", "as_trained", "horizon as trained", show=False),
        Binding("up", "series(-1)", "series above", show=False),
        Binding("down", "series(1)", "series below", show=False),
        Binding("b", "origin(-1)", "begin earlier"),
        Binding("n", "origin(1)", "begin later", show=False),
        Binding(
            "greater_than_sign,shift+right", "point(1)", "value", key_display=">", tooltip="values of a later step"
        ),
        Binding("less_than_sign,shift+left", "point(-1)", "value before", show=False),
        Binding("i", "interval", "interval"),
        Binding("l", "level", "level"),
        Binding("plus,equals_sign", "history(1)", "more history", key_display="+", show=False),
        Binding("minus", "history(-1)", "less history", key_display="-", show=False),
        Binding("o,slash", "focus_on('#text')", "file", key_display="o"),
    )

    SCOPED_CSS: ClassVar[bool] = False

    DEFAULT_CSS = """
    ForecastPanel.-comparison #line { padding: 1 2 0 2; }
    ForecastPanel #heading { height: 2; padding: 0 2; }
    ForecastPanel #charts { height: 1fr; }
    ForecastPanel #side { width: 22; padding: 0 1; border-left: solid $faint; display: none; }
    ForecastPanel #side > .title { padding: 0 2; }
    ForecastPanel #series {
        border: none; padding: 0; height: 1fr; background: $background; scrollbar-size-vertical: 1;
        & > .option-list--option { text-wrap: nowrap; text-overflow: ellipsis; padding: 0; }
        & > .option-list--option-highlighted { background: $background; }
    }
    ForecastPanel.-several #side { display: block; }
    ForecastPanel.-comparison #side { display: none; }
    ForecastPanel.-comparison ForecastView { padding: 0 1; }
    ForecastPanel .side > .heading { margin-bottom: 0; }
    .-wide ForecastPanel #side { width: 32; }
    .-wide ForecastPanel.-comparison.-several #side { display: block; }
    .-narrow ForecastPanel #heading, .-narrow ForecastView { padding: 0 1; }
    .-narrow ForecastPanel #side { display: none; }
    .-narrow ForecastPanel.-comparison #line { padding: 1 1 0 1; }
    .-narrow ForecastPanel.-comparison #heading { height: 1; }
    .-narrow ForecastPanel.-comparison ForecastView { padding: 0; }
    .-narrow ForecastPanel #right { border-top: none; }
    """

    def __init__(self, runs: Sequence[Summary], service: ModelService) -> None:
        super().__init__(runs, service)
        self.answers: list[dict[str, Any]] = []
        """Answer of each run, as JSON; none if there is nothing."""
        self.answered_file = ""
        """The file of these answers; empty if there are none."""
        self.without_interval: set[int] = set()
        """Numbers of the runs that forecast points."""
        self.horizon: int | None = None
        """Steps to forecast; None: as many as all models were trained for."""
        self.level: float | None = None
        self.chosen_level: float | None = None
        """The level that was chosen last; the model may know none that wide."""
        self.last_good: tuple[int | None, float | None] = (None, None)
        """Horizon and level of the last answers."""
        self.history = 2.0
        """Length of the history, in horizons."""
        self.index = 0
        """Index of the chosen series."""
        self.with_interval = True
        self._wanted_level: float | None = None
        """Level of the configuration file, asked for once the run is known to have intervals."""
        self.has_chart = False
        self.cursor: int | None = None
        """Step whose values are told."""

    def configure(self, configuration: Configuration) -> None:
        self.history = float(configuration.value("forecast", "history"))
        self.with_interval = bool(configuration.value("forecast", "interval"))
        level = configuration.value("forecast", "level")
        self._wanted_level = None if level is None else float(level)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.has_chart or action not in CHART_ACTIONS

    def answer_widgets(self) -> Iterable[Widget]:
        yield Static("", id="heading", markup=False)
        if self.is_comparison:
            charts = [ForecastView(INVITATION, colour, f"{colour} 60%") for colour in (LEFT, RIGHT)]
        else:
            charts = [ForecastView(INVITATION)]
        series = OptionList(id="series", markup=False)
        series.can_focus = False
        side = Vertical(Static("series", classes="title"), series, id="side")
        yield Horizontal(self.side_by_side(charts), side, id="charts")

    @property
    def answer(self) -> ForecastView:
        return self.query(ForecastView).first()

    async def restore(self, found: Found) -> None:
        """Open the file that was opened last."""
        if found.sent and found.sent != self.file:
            self.prompt_line.restore(found.sent)
            self.predict()

    @property
    def names(self) -> list[str]:
        """Names of the series that all runs forecast."""
        first, *others = (
            [each["name"] for each in answer["forecasts"]] for answer in self.answers or [{"forecasts": []}]
        )
        return [name for name in first if all(name in other for other in others)]

    @property
    def drawn(self) -> list[Forecast]:
        """Forecasts of the chosen series, one for each run."""
        names = self.names
        return [
            next(each for each in answer["forecasts"] if each["name"] == names[self.index])
            for answer in (self.answers if names else [])
        ]

    @property
    def trained(self) -> int:
        """Steps that all models were trained for; 0 if that is not known yet."""
        return min((answer["trained"] for answer in self.answers), default=0)

    # asking

    def request(self) -> dict[str, Any] | None:
        file = self.typed.strip()
        if not file:
            return None
        if file != self.answered_file:  # settings that were never answered are no trouble of this file
            self.horizon, self.level = self.last_good
            self.chosen_level = self.level
        return {"file": file, "horizon": self.horizon, "level": self.level, "before": self.history}

    async def ask_all(self, request: Mapping[str, Any]) -> list[Any]:
        """The answer of each run; all forecasts are as long as the shortest."""
        answers = [await self._ask_run(number, request) for number in range(len(self.runs))]
        lengths = [len(answer["forecasts"][0]["values"]) for answer in answers]
        for number, length in enumerate(lengths):
            if length > min(lengths):
                answers[number] = await self._ask_run(number, {**request, "horizon": min(lengths)})
        if request["file"] != self.answered_file and (short := answers[0]["left_out"]):
            self.notify(f"Shorter than the look-back, so not forecast: {count_of(short, 'series')}", severity="warning")
        self.answered_file, self.last_good = request["file"], (request["horizon"], request["level"])
        self.without_interval.update(n for n, answer in enumerate(answers) if "low" not in answer["forecasts"][0])
        return answers

    async def _ask_run(self, number: int, request: Mapping[str, Any]) -> Any:
        """One run's answer; one that forecasts points is asked for no level."""
        if number in self.without_interval:
            request = {**request, "level": None}
        return await self.ask(number, self.REQUEST, request)

    def refuse(self, error: ServiceError, request: Mapping[str, Any]) -> None:
        """Replace the chart by the error if another file can't be read; other errors leave the chart."""
        self.horizon, self.level = self.last_good
        if error.kind != "DataError" or request["file"] == self.answered_file:
            super().refuse(error, request)
            return
        self.draw([])
        self.show_status()
        for view in self.query(ForecastView):
            view.invitation = ""
        self.query_one("#heading", Static).update(
            Content.assemble(("✕ ", "bold $error"), (error.message, "bold"), ("   o: name another file", "$muted"))
        )

    # drawing

    def draw(self, answers: Sequence[Any]) -> None:
        self.answers = list(answers)
        self.answered_file = self.answered_file if answers else ""
        names = self.names
        self.index = min(self.index, max(len(names) - 1, 0))
        self._list_series(names)
        drawn = self.drawn
        past = [answer["history"][names[self.index]] for answer in (self.answers if drawn else [])]
        came = [answer.get("actual", {}).get(names[self.index], []) for answer in (self.answers if drawn else [])]
        steps = min((len(each["values"]) for each in drawn), default=0)
        self.cursor = None if self.cursor is None or not steps else min(self.cursor, steps - 1)
        lines = [*past, *came, *(each[name] for each in drawn for name in number_names(each, self.with_interval))]
        values = [value for line in lines for value in line]
        for number, view in enumerate(self.query(ForecastView)):
            forecast, history = (drawn[number], past[number]) if drawn else (None, ())
            view.invitation = INVITATION
            actual = came[number] if drawn else ()
            view.show_forecast(forecast, history, self.with_interval, values, actual, self.cursor)
        self.query_one("#heading", Static).update(self._heading())
        self.has_chart = bool(drawn)
        self.refresh_bindings()
        wanted, self._wanted_level = (self._wanted_level, None) if drawn else (None, self._wanted_level)
        if wanted is not None and self._has_interval():
            self.level = self.chosen_level = wanted
            self.call_later(self.predict)

    def _list_series(self, names: Sequence[str]) -> None:
        self.set_class(len(names) > 1, "-several")
        series = self.query_one("#series", OptionList)
        series.set_options(
            Content.assemble(("▸ ", "$accent"), (name, "bold"))
            if number == self.index
            else Content.styled(f"  {name}", "$muted")
            for number, name in enumerate(names)
        )
        series.highlighted = self.index if names else None

    def _heading(self) -> Content:
        """The chosen series, and its horizon."""
        if not self.answers:
            return Content("")
        names, drawn = self.names, self.drawn
        if not drawn:
            return Content.assemble(("≠ ", "bold $warning"), ("They forecast no series of the same name.", "bold"))
        length = len(drawn[0]["values"])
        parts = [(names[self.index], "bold"), (f"   {length:,} step{'s' * (length != 1)}", "$accent")]
        if len(names) > 1:
            parts.insert(1, (f"  {self.index + 1:,}/{len(names):,}", "$muted"))
        if self._has_interval() and not self.with_interval:
            parts.append(("   interval hidden", "$muted"))
        return Content.assemble(*parts)

    def _has_interval(self) -> bool:
        return any("low" in each for each in self.drawn)

    def describe(self) -> str:
        """First and last value, or the distance of two forecasts; and a warning past the trained horizon."""
        if not self.drawn:
            return ""
        first, *others = self.drawn
        length = len(first["values"])
        if self.cursor is not None:
            return " · ".join([_value(first, self.cursor), *self._others(self.cursor)])
        if others:
            pairs = zip(self.runs, self.answers, strict=True)
            past = [run.name for run, answer in pairs if length > answer["trained"]]
            were = "was" if len(past) == 1 else "were"
            warning = [f"past what {' and '.join(past)} {were} trained for"] if past else []
            return " · ".join([*warning, distance(first, others[0])])
        if length > self.trained:
            narrow = "; its intervals are too narrow there" if "low" in first else ""
            return f"past the {self.trained:,} steps it was trained for{narrow}"
        ends = (_value(first, step) for step in dict.fromkeys((0, length - 1)))
        return " · ".join([*filter(None, [mean_error(first["values"], self._came)]), *ends])

    @property
    def _came(self) -> list[float]:
        """Values of the chosen series that came, where known."""
        found = self.answers[0].get("actual", {}) if self.answers else {}
        values: list[float] = found.get(self.names[self.index], []) if self.names else []
        return values

    def _others(self, step: int) -> list[str]:
        """Value of the other run at a step; value that came."""
        parts = [_value(other, step) for other in self.drawn[1:]]
        came = self._came[step] if step < len(self._came) else float("nan")
        if is_drawable(came):
            error = self.drawn[0]["values"][step] - came
            parts.append(f"came {came:.4g}, error {error:+.4g}".replace("-", "−"))
        return parts

    # keys

    @on(ForecastView.Pointed)
    def _pointed(self, event: ForecastView.Pointed) -> None:
        self.cursor = event.step
        self.draw(self.answers)
        self.show_status()

    def action_point(self, by: int) -> None:
        """Tell the values of a step: the first one, or one after or before."""
        steps = min((len(each["values"]) for each in self.drawn), default=0)
        if steps:
            first = 0 if by > 0 else steps - 1
            now = first if self.cursor is None else self.cursor + by
            self.cursor = now if 0 <= now < steps else None
            self.draw(self.answers)
            self.show_status()

    def action_origin(self, by: int) -> None:
        """Begin a horizon earlier or later, by the slice of the file."""
        line = self.prompt_line
        moved = moved_end(line.text.strip(), by * (self.horizon or self.trained))
        if moved is None:
            self.notify("The file has an end of its own: b and n move one such as [:-24].", timeout=4, markup=False)
        elif moved != line.text.strip():
            line.restore(moved)
            self.predict()

    @on(OptionList.OptionSelected)
    def _series_clicked(self, event: OptionList.OptionSelected) -> None:
        self.action_series(event.option_index - self.index)

    def action_look_closer(self) -> None:
        self.answer.focus()
        self.predict()

    def action_reach(self, by: int) -> None:
        """Change the horizon by some steps."""
        if here := self.horizon or self.trained:
            self.horizon = max(here + by, 1)
            self.predict()

    def action_stride(self, by: int) -> None:
        """Change the horizon by quarters of the trained one."""
        self.action_reach(by * max(self.trained // 4, 1))

    def action_as_trained(self) -> None:
        """Restore the trained horizon."""
        self.horizon = None
        self.predict()

    def action_series(self, by: int) -> None:
        """Choose another series."""
        self.index = min(max(self.index + by, 0), max(len(self.names) - 1, 0))
        self.draw(self.answers)
        self.show_status()

    def action_interval(self) -> None:
        """Hide the interval, or show it."""
        self._warn_of_points()
        self.with_interval = not self.with_interval
        self.draw(self.answers)

    def action_level(self) -> None:
        """Choose the next level of the interval."""
        if self.level is None and self._warn_of_points():
            return
        self.level = self.chosen_level = LEVELS[(LEVELS.index(self.chosen_level) + 1) % len(LEVELS)]
        self.with_interval = True
        self.predict()

    def _warn_of_points(self) -> bool:
        points = bool(self.drawn) and not self._has_interval()
        if points:
            self.notify("Points are forecast here, without intervals.", timeout=3)
        return points

    def action_history(self, by: int) -> None:
        """Show more of the history, or less."""
        self.history = HISTORY[min(max(HISTORY.index(self.history) + by, 0), len(HISTORY) - 1)]
        self.predict()

    def export_formats(self) -> dict[str, Callable[[], str]]:
        return {".csv": lambda: csv_of(self.drawn, self._came), **super().export_formats()}

    def content_to_copy(self) -> str:
        """The drawn forecast, a line for each step; or those of two runs under their names."""
        tables = list(map(table, self.drawn))
        if not self.is_comparison:
            return "".join(tables)
        return "\n\n".join(f"{run.name}:\n{each}" for run, each in zip(self.runs, tables, strict=False))


SLICE = re.compile(r"(.*?)(?:\[([^:\[\]]*):(-\d+)?\])?", re.DOTALL)
"""A file, the first bound of a slice of it, and the last one if that counts from the end."""


def moved_end(source: str, steps: int) -> str | None:
    """Source whose slice ends some steps later; None if that is unknown.

    It ends at the end of the file at the latest.

    Args:
        source: A file, maybe with a slice.
        steps: Steps; less than 0 for an earlier end.
    """
    found = SLICE.fullmatch(source)
    if found is None or not found[1] or found[1].endswith("]"):
        return None
    file, first, last = found[1], found[2] or "", int(found[3] or 0)
    end = min(last + steps, 0)
    return f"{file}[{first}:{end or ''}]" if first or end else file


def mean_error(values: Sequence[float], came: Sequence[float]) -> str:
    """Mean absolute error of a forecast in words; empty where nothing came."""
    gaps = [abs(value - actual) for value, actual in zip(values, came, strict=False) if is_drawable(actual)]
    return f"{fmean(gaps):.4g} off on average" if gaps else ""


def number_names(forecast: Forecast, with_interval: bool = True) -> list[str]:
    """Names of a forecast's columns of numbers."""
    return ["values", "low", "high"] if with_interval and "low" in forecast else ["values"]


def table(forecast: Forecast) -> str:
    """A line for each step: the time and the numbers, with tabs between."""
    columns = [forecast["times"], *([f"{value:.6g}" for value in forecast[name]] for name in number_names(forecast))]
    return "\n".join("\t".join(row) for row in zip(*columns, strict=True))


def csv_of(forecasts: Sequence[Forecast], came: Sequence[float] = ()) -> str:
    """Forecasts as CSV with all digits, and the values that came.

    Args:
        forecasts: One, or those of two runs, whose columns are numbered.
        came: Values that came, as far as they are known.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    several = len(forecasts) > 1
    names = [(each, name) for each in range(len(forecasts)) for name in number_names(forecasts[each])]
    times = forecasts[0]["times"] if forecasts else []
    heads = [f"{name}_{each + 1}" if several else name for each, name in names]
    writer.writerow(["series", "time", *heads, *["came"] * bool(came)])
    for step, time in enumerate(times):
        values = [forecasts[each][name][step] for each, name in names]
        actual = [came[step] if step < len(came) and is_drawable(came[step]) else ""] if came else []
        writer.writerow([forecasts[0]["name"], time, *values, *actual])
    return out.getvalue()


def distance(left: Forecast, right: Forecast) -> str:
    """Mean and largest absolute difference of two forecasts, in words."""
    if left["times"] != right["times"]:
        first, other = short_time(left["times"][0]), short_time(right["times"][0])
        return f"they do not forecast the same moments: one begins {first}, the other {other}"
    gaps = [
        (abs(a - b), moment)
        for a, b, moment in zip(left["values"], right["values"], left["times"], strict=True)
        if is_drawable(a) and is_drawable(b)
    ]
    if not gaps:
        return ""
    largest, moment = max(gaps)
    return f"{fmean(gap for gap, _ in gaps):.4g} apart on average, {largest:.4g} at most ({short_time(moment)})"


def _value(forecast: Forecast, step: int) -> str:
    value, *ends = (f"{forecast[name][step]:.4g}".replace("-", "−") for name in number_names(forecast))
    interval = f" [{ends[0]}, {ends[1]}]" if ends else ""
    return f"{short_time(forecast['times'][step])}: {value}{interval}"
