"""`seqnlp forecast --backtest`: forecasts from rolling origins, beside what came."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from seqnlp.cli.progress import stderr_console
from seqnlp.cli.row_files import cell_text
from seqnlp.cli.tables import chart_width, has_braille, print_chart, print_table, stdout_console
from seqnlp.json_text import to_json
from seqnlp.plots.images import write_images
from seqnlp.units import score

if TYPE_CHECKING:
    from rich.console import Console

    from seqnlp.results import BacktestReport
    from seqnlp.tasks.other_data import OtherData

ROWS = 16
"""Rows of the chart of a series."""
WINDOWS = 8
"""Forecasts of a series in a picture, at most: the last that do not overlap."""
STEPS = 24
"""Rows of the table of steps, at most; of a longer horizon they lie at equal distances."""


def backtest_run(
    run: Path,
    data: str | OtherData | None,
    split: str,
    level: float | None,
    series: Sequence[str],
    stride: int,
    plot: bool,
    pictures: list[Path] | None,
    as_json: bool,
    trust: bool,
) -> None:
    """Print a backtest; the arguments are those of `forecast`."""
    with stderr_console().status("forecasting"):
        from seqnlp.api import backtest
        from seqnlp.tasks.forecast.backtest import backtest_report, forecast_rows

        notify = partial(print, "note:", file=sys.stderr)
        found = backtest(run, data, split=split, stride=stride, level=level, series=series, trust=trust, notify=notify)
        report = backtest_report(run, split if data is None else str(data), found, WINDOWS)
    if pictures:
        from seqnlp.plots.svg_charts import backtest_svg

        write_images(pictures, backtest_svg(f"{run.name}, {report.split}: backtest", report.series))
    if as_json:
        typer.echo(to_json(report.to_json()))
    elif plot:
        show_report(stdout_console(), report)
    else:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        rows = forecast_rows(found)
        first = next(rows)
        writer.writerow(first)
        for row in chain([first], rows):
            writer.writerow([cell_text(value) for value in row.values()])


def show_report(console: Console, report: BacktestReport) -> None:
    """Print errors by horizon step, and a chart of each series."""
    header = ["step", "count", "mae", "mae_units", "rmse_units", "bias_units"]
    covered = report.level is not None
    if covered:
        header.append(f"inside {report.level:g} %")
    every = -(-len(report.steps) // STEPS)
    rows = []
    for each in report.steps:
        if (each.step - 1) % every and each is not report.steps[-1]:
            continue
        numbers = [each.mae, each.mae_units, each.rmse_units, each.bias_units]
        cells = [str(each.step), f"{each.count:,}", *map(score, numbers)]
        rows.append([*cells, *(["-" if each.coverage is None else f"{each.coverage:.1%}"] if covered else [])])
    console.print(f"{report.split}: {report.windows:,} windows", style="bold", highlight=False, soft_wrap=True)
    print_table(console, header, rows)
    from seqnlp.plots.terminal import backtest_chart

    for series in report.series:
        console.print()
        print_chart(
            console,
            backtest_chart(
                series.actual,
                [
                    (begin, each.values, each.low, each.high)
                    for begin, each in zip(series.begins, series.forecasts, strict=True)
                ],
                report.level,
                labels=(series.times[0], series.times[-1]),
                width=chart_width(console),
                height=ROWS,
                title=f"{series.name}, from {series.times[0]} to {series.times[-1]}",
                plain=not has_braille(console),
            ),
        )
