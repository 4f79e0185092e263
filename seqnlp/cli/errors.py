"""`seqnlp errors`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqnlp.cli.common import Device, RunPath, Split, Trust, image_option
from seqnlp.cli.tables import print_table, stdout_console
from seqnlp.json_text import to_json
from seqnlp.plots.images import write_images
from seqnlp.results import ErrorReport, Report, SurpriseReport, TranslationReport
from seqnlp.units import counted

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from seqnlp.results import Mistake

MAX_CONFUSIONS = 3
"""Confusions of one feature, at most."""
MAX_LABELS = 20
"""Labels of a matrix, at most: those with the most errors."""
CONTEXT = 8
"""Words on each side of an error."""
BAR = 30
"""Characters of a full bar."""


def errors(
    run: RunPath,
    split: Split = "test",
    data: Annotated[Path | None, typer.Option(help="Another file to look at, of the same kind as the corpus.")] = None,
    pictures: Annotated[
        list[Path] | None, image_option("Also draw confusions, scores by length or surprise", "--plot")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object with everything.")] = False,
    device: Device = None,
    trust: Trust = False,
) -> None:
    """Show the errors of a run: confusions with examples, unknown words, and calibration.

    Of a translator the worst sentences, scores by length, and translations that are empty, untranslated, over-long or
    stuck; of a language model where it is surprised, by kind of token, by position, and the most surprising places.
    """
    from seqnlp.cli.error_tables import report_svg, show_surprise, show_translation
    from seqnlp.tasks.error_analysis import analyse

    reports = analyse(run, split, data, trust=trust, notify=partial(print, "note:", file=sys.stderr))
    source = split if data is None else str(data)
    labels = {name: each for name, each in reports.items() if isinstance(each, ErrorReport)}
    if as_json:
        found = {"run": str(run), "split": source, **({"columns": labels} if labels else reports)}
        typer.echo(to_json(found, default=asdict))
    else:
        console = stdout_console()
        for name, report in reports.items():
            match report:
                case SurpriseReport():
                    show_surprise(console, source, report)
                case TranslationReport():
                    show_translation(console, source, report)
                case _:
                    show_report(console, f"{source}  {name}", report)
    if pictures:
        write_images(pictures, report_svg(f"{run.name}, {source}", drawn_reports(reports)))


def drawn_reports(reports: Mapping[str, Report]) -> dict[str, Report]:
    """Reports with a picture each: of lists of features one for each feature."""
    drawn: dict[str, Report] = {}
    for name, report in reports.items():
        features = report.features if isinstance(report, ErrorReport) else {}
        for part, each in features.items():
            drawn[f"{name} {part}"] = each
        if not features:
            drawn[name] = report
    return drawn


def show_report(console: Console, title: str, report: ErrorReport) -> None:
    """Print the error report of one label column."""
    from rich.text import Text

    console.print(Text(f"{title}  {_accuracy(report.accuracy, report.items)}", "bold"), soft_wrap=True)
    for name, words in (report.words or {}).items():
        console.print(f"  {name} words  {_accuracy(words['accuracy'], int(words['count']))}", soft_wrap=True)
    console.print()
    if report.features:
        show_features(console, report)
    else:
        show_matrix(console, report)
        console.print()
        show_confusions(console, report)
    show_reliability(console, report)
    console.print()


def show_features(console: Console, report: ErrorReport) -> None:
    """Print the confusions of each feature; `_` stands for none; those with most errors first."""
    from rich.text import Text

    wrong = {name: round((1 - part.accuracy) * part.items) for name, part in report.features.items()}
    if right := [name for name, count in wrong.items() if not count]:
        console.print(f"no errors in {', '.join(right)}", soft_wrap=True)
        console.print()
    for name in sorted(filter(wrong.__getitem__, wrong), key=lambda name: -wrong[name]):
        part = report.features[name]
        console.print(Text(f"{name}  {_accuracy(part.accuracy, part.items)}", "bold"), soft_wrap=True)
        show_matrix(console, part)
        show_confusions(console, part, MAX_CONFUSIONS)
        console.print()


def _accuracy(share: float, items: int) -> str:
    return f"accuracy {share:.4f} ({round(share * items):,} of {items:,})"


def show_matrix(console: Console, report: ErrorReport) -> None:
    """Print the confusion matrix; backgrounds show shares of the row, red off the diagonal."""
    from rich.table import Table
    from rich.text import Text

    rows, columns = worst_labels(report, MAX_LABELS)
    if len(columns) < len(report.labels):
        console.print(f"the {len(columns)} of {len(report.labels)} labels with the most errors", soft_wrap=True)
    table = Table(box=None, pad_edge=False, padding=(0, 0), header_style="bold")
    table.add_column("gold \\ predicted  ", style="bold")
    for column in columns:
        table.add_column(Text(f" {report.labels[column]} "), justify="right", no_wrap=True)
    for row in rows:
        total = sum(report.matrix[row])
        cells = [
            shaded(report.matrix[row][column], total, report.rows[row] == report.labels[column]) for column in columns
        ]
        table.add_row(Text(f"{report.rows[row]}  "), *cells)
    console.print(table)


def worst_labels(report: ErrorReport, count: int) -> tuple[list[int], list[int]]:
    """Rows and columns of the most confused labels, in matrix order."""
    wrong = [
        [0 if row == column else count for column, count in enumerate(counts)]
        for row, counts in enumerate(report.matrix)
    ]
    inside = [sum(wrong[n]) + sum(row[n] for row in wrong) for n in range(len(report.labels))]
    columns = sorted(sorted(range(len(report.labels)), key=lambda n: -inside[n])[:count])
    return [*columns, *range(len(report.labels), len(report.rows))], columns


def shaded(count: int, total: int, right: bool) -> Text:
    """Cell of the confusion matrix; an empty one is a dot."""
    from rich.text import Text

    if not count:
        return Text(" · ", "dim")
    pale = round(235 - 150 * count / total)
    ground = f"#{pale:02x}{pale:02x}ff" if right else f"#ff{pale:02x}{pale:02x}"
    return Text(f" {count:,} ", f"black on {ground}")


def show_confusions(console: Console, report: ErrorReport, most: int | None = None) -> None:
    """Print the most frequent confusions, each with examples."""
    from rich.text import Text

    if not report.confusions:
        console.print("no errors", soft_wrap=True)
    for confusion in report.confusions[:most]:
        head = f"{confusion.gold} predicted as {confusion.predicted}, {counted(confusion.count, 'times')}"
        console.print(Text(head, "bold"), soft_wrap=True)
        for mistake in confusion.mistakes:
            console.print(Text("  ") + excerpt(mistake), soft_wrap=True)


def excerpt(mistake: Mistake) -> Text:
    """Words around the highlighted error, and the probability of the prediction."""
    from rich.text import Text

    tokens, place = mistake.tokens, mistake.place
    if place is None:
        first, last = 0, min(len(tokens), 4 * CONTEXT)
    else:
        first, last = max(place - CONTEXT, 0), min(place + CONTEXT + 1, len(tokens))
    line = Text("... " if first else "")
    for number in range(first, last):
        here = number == place
        line.append(f"[{tokens[number]}]" if here else tokens[number], "bold red" if here else "").append(" ")
    line.append("... " if last < len(tokens) else "")
    if mistake.gold is not None:
        line.append(f" {mistake.gold}", "bold").append(f", not {mistake.predicted}")
    return line.append(f" {mistake.confidence:.2f}", "dim")


def show_reliability(console: Console, report: ErrorReport) -> None:
    """Print the reliability diagram: confidence and accuracy by bin."""
    console.print()
    console.print(f"expected calibration error {report.calibration_error:.4f}", soft_wrap=True)
    rows = [
        [
            f"{row['low']:.1f} to {row['high']:.1f}",
            f"{row['count']:,}",
            f"{row['confidence']:.4f}",
            f"{row['accuracy']:.4f}",
            "#" * round(BAR * row["accuracy"]) + "·" * (BAR - round(BAR * row["accuracy"])),
        ]
        for row in report.reliability
    ]
    print_table(console, ["confidence", "count", "mean", "accuracy", ""], rows)
