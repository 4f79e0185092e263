"""`seqnlp evaluate`."""

import sys
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from seqnlp.cli.common import RunPath, Split, Trust, number_option
from seqnlp.cli.row_files import check_table, row_writer
from seqnlp.cli.tables import one_line, print_score_tables, show_baselines, stdout_console
from seqnlp.json_text import to_json
from seqnlp.limits import CONTEXT, RATE
from seqnlp.units import counted


def evaluate(
    run: RunPath,
    split: Split = "test",
    data: Annotated[Path | None, typer.Option(help="Another file to score on, of the same kind as the corpus.")] = None,
    context: Annotated[
        int | None,
        number_option(CONTEXT, "Language models: in windows of n tokens, each without a history.", metavar="<n>"),
    ] = None,
    dynamic: Annotated[
        float | None,
        number_option(RATE, "Language models: dynamic evaluation at this learning rate.", metavar="<rate>"),
    ] = None,
    rows: Annotated[
        Path | None,
        typer.Option(
            "--rows",
            metavar="<path>",
            callback=check_table,
            help="Also write each item into this file (.csv, .tsv, .jsonl): gold, predicted, right or wrong, score.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object: `scores`, the `baselines` of trivial systems, and so on.")
    ] = False,
    trust: Trust = False,
) -> None:
    """Score a run on its test split, another split, or another file."""
    from seqnlp import api

    notify = partial(print, "note:", file=sys.stderr)
    with nullcontext() if rows is None else row_writer(rows) as write:
        result = api.evaluate(
            run, split, data, context=context, dynamic=dynamic, on_row=write, trust=trust, notify=notify
        )
    if as_json:
        typer.echo(to_json(result))
        return
    console, scores = stdout_console(), result["scores"]
    items = counted(result["items"], "items")
    typer.echo(f"{result['split']}  {one_line(scores)}  ({items} in {result['seconds']:.2f} s)")
    for name, signature in scores.get("signatures", {}).items():
        typer.echo(f"      {name}: {signature}")
    show_baselines(console, result["baselines"])
    print_score_tables(console, scores)
