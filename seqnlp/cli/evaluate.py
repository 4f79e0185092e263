"""`seqnlp evaluate`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqnlp.cli.common import Device, RunPath, Split, Trust, number_option
from seqnlp.cli.row_files import check_table, row_writer
from seqnlp.cli.tables import one_line, print_score_tables, print_table, show_baselines, stdout_console
from seqnlp.errors import UsageError
from seqnlp.json_text import to_json
from seqnlp.limits import CONTEXT, RATE
from seqnlp.units import counted

if TYPE_CHECKING:
    from seqnlp.tasks.other_data import OtherData

KINDS = ("precision", "recall", "f1")
"""Columns of the table of `--raw`, in percent."""


def evaluate(
    run: RunPath,
    more: Annotated[
        list[Path] | None, typer.Argument(help="With --raw: further runs of a pipeline, a segmenter first.")
    ] = None,
    split: Split = "test",
    data: Annotated[
        list[str] | None,
        typer.Option(
            metavar="<path>",
            help="Another file to score on; of a translator also twice: sources, then their translations.",
        ),
    ] = None,
    reader: Annotated[
        str | None,
        typer.Option(
            metavar="<kind>", help="How to read --data: csv, jsonl or a table of settings; by default by its ending."
        ),
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--column", metavar="<name>=<column>", help="Column of --data for one of the recipe; may be repeated."
        ),
    ] = None,
    raw: Annotated[
        Path | None,
        typer.Option(
            help="A treebank in CoNLL-U: score a segmenter and taggers on its raw text, or taggers on its words, as "
            "the CoNLL shared task does."
        ),
    ] = None,
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
    device: Device = None,
    trust: Trust = False,
) -> None:
    """Score a run on its test split, another split, or another file."""
    from seqnlp import api

    other = _other_data(data or [], reader, columns or [])
    if rows is not None and rows.exists() and any(rows.samefile(file) for file in data or () if Path(file).exists()):
        raise UsageError(f"--rows {rows}: this is the data itself; name another file")
    notify = partial(print, "note:", file=sys.stderr)
    if raw is not None:
        if other is not None or rows is not None or context is not None or dynamic is not None:
            raise UsageError("--raw goes with none of --data, --rows, --context and --dynamic")
        _evaluate_raw([run, *(more or [])], raw, as_json, trust)
        return
    if more:
        raise UsageError(f"{more[0]}: several runs are scored together on raw text only; add --raw FILE.conllu")
    with nullcontext() if rows is None else row_writer(rows) as write:
        result = api.evaluate(
            run, split, other, context=context, dynamic=dynamic, on_row=write, trust=trust, notify=notify
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


def _other_data(files: Sequence[str], reader: str | None, columns: Sequence[str]) -> OtherData | None:
    """Other data of the options; None without `--data`.

    Raises:
        seqnlp.errors.UsageError: options without a file, or of another form.
    """
    from seqnlp.cli.corpora import parse_reader
    from seqnlp.cli.inputs import ALIASES
    from seqnlp.tasks.other_data import OtherData

    if not files:
        if reader is not None or columns:
            raise UsageError(f"{'--column' if reader is None else '--reader'} goes with --data")
        return None
    pairs = [pair.partition("=") for pair in columns]
    for name, sign, column in pairs:
        if not (name and sign and column):
            raise UsageError(f"--column {name}{sign}{column}: expected NAME=COLUMN, such as text=review")
    chosen = None if reader is None else parse_reader(ALIASES.get(reader, reader))
    return OtherData(files, chosen, {name: column for name, _, column in pairs})


def _evaluate_raw(runs: list[Path], file: Path, as_json: bool, trust: bool) -> None:
    """Print the scores of a pipeline on raw text."""
    from seqnlp.annotation import evaluate_raw

    result = evaluate_raw(runs, file, trust=trust, notify=partial(print, "note:", file=sys.stderr))
    if as_json:
        typer.echo(to_json(result))
        return
    rows = [[name, *(f"{row[kind]:.2f}" for kind in KINDS)] for name, row in result["table"].items()]
    print_table(stdout_console(), ["", *KINDS], rows)
    typer.echo(f"{result['words']:,} words in {result['seconds']:.2f} s")
