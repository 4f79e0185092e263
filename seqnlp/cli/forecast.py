"""`seqnlp forecast`."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqnlp.cli.forecast_plot import draw_text
from seqnlp.cli.opening import open_predictor
from seqnlp.cli.pictures import picture_option
from seqnlp.cli.progress import stderr_console
from seqnlp.errors import UsageError
from seqnlp.plots.files import write_pictures

if TYPE_CHECKING:
    from seqnlp.results import SeriesForecast
    from seqnlp.tasks.forecast.predictor import Forecaster


def forecast(
    run: Annotated[Path, typer.Argument(help="A run directory, for instance runs/series_gru.")],
    file: Annotated[str, typer.Argument(help="A file of series; maybe up to a row or a day: load.csv[:-24].")],
    horizon: Annotated[
        int | None, typer.Option(help="Steps to forecast.  [default: as many as the model was trained for]")
    ] = None,
    level: Annotated[
        float | None, typer.Option(help="The share of values inside the intervals, in percent.  [default: 80]")
    ] = None,
    series: Annotated[
        list[str] | None, typer.Option(metavar="<str>", help="Only this series; several may be given.")
    ] = None,
    plot: Annotated[bool, typer.Option("--plot", help="Draw history, forecast and interval instead.")] = False,
    pictures: Annotated[list[Path] | None, picture_option("Also draw them")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a series.")] = False,
) -> None:
    """Say how series go on: csv with a line a step, `unique_id,ds,forecast`, and the ends of the interval if any."""
    if plot and as_json:
        raise UsageError("--plot and --json contradict each other: choose one")
    with stderr_console().status("loading", spinner="line"):
        forecaster = open_forecaster(run)
    if horizon is not None and horizon > forecaster.horizon:
        note = f"trained for {forecaster.horizon} steps: after them the model goes on from its own forecasts"
        narrow = ", and its intervals are too narrow" if forecaster.has_intervals else ""
        print(f"note: {note}{narrow}", file=sys.stderr)
    with stderr_console().status(f"reading {Path(file).name}", spinner="line"):
        split = forecaster.read(file)
        found = chosen(forecaster.forecast(split, horizon, level), series or [])
    history = forecaster.history(split, 2 * len(found[0].values)) if plot or pictures else {}
    if pictures:
        from seqnlp.plots.forecast_svg import draw

        write_pictures(pictures, draw(f"{run.name}, {file}", found, history))
    if plot:
        draw_text(found, history)
    elif as_json:
        for each in found:
            sys.stdout.write(json.dumps(each.to_json(), ensure_ascii=False) + "\n")
    else:
        write_csv(found)


def predict(run: Path, file: Path | None, as_json: bool) -> None:
    """Forecast the series of a file with the defaults of the command."""
    if file is None:
        raise UsageError("a forecast is made from a file of series: name it after the run")
    forecast(run, str(file), as_json=as_json)


def open_forecaster(run: Path) -> Forecaster:
    """Open a run of a forecaster."""
    from seqnlp.tasks.forecast.predictor import Forecaster

    return open_predictor(run, Forecaster)


def chosen(found: Sequence[SeriesForecast], names: Sequence[str]) -> list[SeriesForecast]:
    """Those forecasts that were asked for; all if none was."""
    there = [each.name for each in found]
    for name in names:
        if name not in there:
            close = get_close_matches(name, there, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(map(repr, there[:10]))}"
            raise UsageError(f"no series {name!r} is forecast; {hint}")
    return [each for each in found if not names or each.name in names]


def write_csv(found: Sequence[SeriesForecast]) -> None:
    """Write forecasts in the long form, one row a step."""
    level = found[0].level
    ends = [] if level is None else [f"lo_{level:g}", f"hi_{level:g}"]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["unique_id", "ds", "forecast", *ends])
    for each in found:
        columns = [each.values] + ([each.low, each.high] if each.low is not None and each.high is not None else [])
        for moment, *numbers in zip(each.times, *columns, strict=True):
            writer.writerow([each.name, moment, *(f"{number:.6g}" for number in numbers)])
