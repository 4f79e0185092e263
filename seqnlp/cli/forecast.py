"""`seqnlp forecast`."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from seqnlp.cli.beside import Destination, Force
from seqnlp.cli.common import Device, Trust, image_option, number_option, open_predictor
from seqnlp.cli.progress import stderr_console
from seqnlp.cli.tables import chart_width, has_braille, print_chart, stdout_console
from seqnlp.errors import UsageError
from seqnlp.json_text import to_json
from seqnlp.limits import HORIZON, PERCENT
from seqnlp.plots.images import write_images
from seqnlp.spelling import did_you_mean
from seqnlp.units import count_of

if TYPE_CHECKING:
    from seqnlp.readers import Series
    from seqnlp.results import SeriesForecast

History = Mapping[str, Sequence[float | None]]
ROWS = 16
"""Rows of the chart of a series."""


def forecast(
    run: Annotated[Path, typer.Argument(help="A run directory, for instance runs/series_gru.")],
    file: Annotated[
        str | None,
        typer.Argument(help="A file of series; a slice ends it at a row or a day: load.csv[:-24].", show_default=False),
    ] = None,
    horizon: Annotated[
        int | None, number_option(HORIZON, "Steps to forecast.  [default: as many as the model was trained for]")
    ] = None,
    level: Annotated[
        float | None, number_option(PERCENT, "Level of the prediction intervals, in percent.  [default: 80]")
    ] = None,
    series: Annotated[
        list[str] | None, typer.Option(metavar="<str>", help="Only this series; may be repeated.")
    ] = None,
    backtest: Annotated[
        bool,
        typer.Option(
            "--backtest", help="Forecast from every point of a file, or the test split, beside what came: csv."
        ),
    ] = False,
    stride: Annotated[
        int | None, number_option(HORIZON, "With --backtest: steps between the points.  [default: 1]", metavar="<n>")
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(help="With --backtest, without a file: train, dev or test.  [default: test]", show_default=False),
    ] = None,
    reader: Annotated[
        str | None,
        typer.Option(
            metavar="<settings>",
            help='Settings of the file that are not those of training: \'{kind="series", encoding="utf-8"}\'.',
        ),
    ] = None,
    plot: Annotated[bool, typer.Option("--plot", help="Draw history, forecast and interval instead.")] = False,
    pictures: Annotated[list[Path] | None, image_option("Also draw them")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a series.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", metavar="<path>", help="Write the forecasts into this .csv, .jsonl or .parquet file."
        ),
    ] = None,
    force: Force = False,
    device: Device = None,
    trust: Trust = False,
) -> None:
    """Forecast series: csv with a line a step, `unique_id,ds,forecast`, and the interval's ends if any.

    With --backtest the last known step (`origin`) rolls through the file or the test split, and each line has what
    came, too. Then --plot prints errors by step of the horizon and draws the last forecasts beside what came; --json
    has the same.
    """
    if plot and (as_json or out):
        other = "--json" if as_json else "--out"
        raise UsageError(f"--plot and {other} contradict each other: choose one")
    destination = Destination(out, False, "", force, as_json)
    if destination.is_wanted(None if file is None else Path(file)) and destination.extension not in FILES:
        raise UsageError(f"--out {out}: expected {', '.join(FILES)}")
    if backtest:
        from seqnlp.cli.backtest import backtest_run
        from seqnlp.tasks.other_data import OtherData

        if horizon is not None:
            raise UsageError("--horizon and --backtest contradict each other: the horizon is that of the training")
        if out is not None:
            raise UsageError("--out is for forecasts: --backtest writes to standard output")
        if file is None and reader is not None:
            raise UsageError("--reader is for a file; name it after the run")
        if file is not None and split is not None:
            raise UsageError("--split and a file contradict each other: choose one")
        data = file if file is None or reader is None else OtherData([file], reader_like(run, reader))
        backtest_run(run, data, split or "test", level, series or [], stride or 1, plot, pictures, as_json, trust)
        return
    if stride is not None or split is not None:
        raise UsageError(f"--{'split' if stride is None else 'stride'} is for --backtest")
    if file is None:
        raise UsageError("expected a file of series after the run")
    with stderr_console().status("loading"):
        from seqnlp.tasks.forecast.predictor import Forecaster

        forecaster = open_predictor(run, Forecaster, trust)
    if horizon is not None and horizon > forecaster.horizon:
        note = f"trained for {forecaster.horizon} steps; later ones are forecast from its own forecasts"
        narrow = ", and its intervals are too narrow" if forecaster.has_intervals else ""
        print(f"note: {note}{narrow}", file=sys.stderr)
    with stderr_console().status(f"reading {Path(file).name}"):
        given = forecaster.read(file, None if reader is None else reader_like(run, reader))
        short = forecaster.too_short(given)
        found = select(forecaster.forecast(given, horizon, level), series or [])
    if short:
        look = forecaster.recipe.data.lookback
        note = f"shorter than the look-back of {look}, so not forecast: {count_of(short, 'series')}"
        print(f"note: {note}", file=sys.stderr)
    history = forecaster.history(given, 2 * len(found[0].values)) if plot or pictures else {}
    if pictures:
        from seqnlp.plots.svg_charts import forecast_svg

        write_images(pictures, forecast_svg(f"{run.name}, {file}", found, history))
    if plot:
        print_charts(found, history)
    elif out is not None:
        with destination.opened() as opened:
            FILES[destination.extension](found, opened)
    elif as_json:
        sys.stdout.write(json_lines(found))
    else:
        sys.stdout.write(csv_text(found))


def reader_like(run: Path, settings: str) -> Series:
    """Reader of a run's corpus with other settings.

    Raises:
        seqnlp.errors.UsageError: settings that make no reader of series.
    """
    from seqnlp.cli.corpora import parse_reader
    from seqnlp.cli.inputs import data_of
    from seqnlp.readers import Series

    given, own = parse_reader(settings), data_of(run).reader
    if not isinstance(given, Series):
        raise UsageError(f"--reader {settings}: expected settings of the kind series")
    return Series.parse({**own, **given.model_dump(exclude_unset=True)})


def predict(run: Path, file: Path | None, as_json: bool, trust: bool) -> None:
    """Forecast the series of a file with the default options."""
    if file is None:
        raise UsageError("expected a file of series after the run")
    forecast(run, str(file), as_json=as_json, trust=trust)


def select(found: Sequence[SeriesForecast], names: Sequence[str]) -> list[SeriesForecast]:
    """Select forecasts by series name; all if no name is given."""
    known = [each.name for each in found]
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known, "'") or f"there are {', '.join(map(repr, known[:10]))}"
            raise UsageError(f"no series {name!r} is forecast; {hint}")
    return [each for each in found if not names or each.name in names]


def rows_of(found: Sequence[SeriesForecast]) -> tuple[list[str], list[list[Any]]]:
    """Column names and rows of forecasts, in the long form: one row a step."""
    level = found[0].level
    ends = [] if level is None else [f"lo_{level:g}", f"hi_{level:g}"]
    rows = []
    for each in found:
        columns = [each.values] + ([each.low, each.high] if each.low is not None and each.high is not None else [])
        rows += [[each.name, *step] for step in zip(each.times, *columns, strict=True)]
    return ["unique_id", "ds", "forecast", *ends], rows


def csv_text(found: Sequence[SeriesForecast]) -> str:
    """Forecasts as csv, in the long form."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names, rows = rows_of(found)
    writer.writerow(names)
    for name, moment, *numbers in rows:
        writer.writerow([name, moment, *(f"{number:.6g}" for number in numbers)])
    return text.getvalue()


def json_lines(found: Sequence[SeriesForecast]) -> str:
    """Forecasts as JSON Lines, an object a series."""
    return "".join(to_json(each.to_json()) + "\n" for each in found)


def write_parquet(found: Sequence[SeriesForecast], out: IO[bytes]) -> None:
    """Write forecasts in the long form; times are text, as they come in the zone of the series."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names, rows = rows_of(found)
    pq.write_table(pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))), out)


FILES: dict[str, Callable[[Sequence[SeriesForecast], IO[bytes]], object]] = {
    ".csv": lambda found, out: out.write(csv_text(found).encode()),
    ".jsonl": lambda found, out: out.write(json_lines(found).encode()),
    ".parquet": write_parquet,
}
"""Writers of files by their endings."""


def print_charts(found: Sequence[SeriesForecast], history: History) -> None:
    """Print a chart of each series: history, forecast and interval."""
    from seqnlp.plots.terminal import forecast_chart

    console = stdout_console()
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
            width=chart_width(console),
            height=ROWS,
            title=f"{each.name}, from {each.times[0]} to {each.times[-1]}",
            plain=not has_braille(console),
        )
        if number:
            console.print()
        print_chart(console, picture)
