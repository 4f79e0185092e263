"""`seqnlp evaluate`."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from seqnlp.cli.common import RunPath, Split, Trust, number_option
from seqnlp.cli.tables import one_line, print_score_tables, print_table, show_baselines, stdout_console
from seqnlp.errors import UsageError
from seqnlp.json_text import to_json
from seqnlp.limits import CONTEXT, RATE

KINDS = ("precision", "recall", "f1")
"""Columns of the table of `--raw`, in percent."""


def evaluate(
    run: RunPath,
    more: Annotated[
        list[Path] | None, typer.Argument(help="With --raw: further runs of a pipeline, a segmenter first.")
    ] = None,
    split: Split = "test",
    data: Annotated[Path | None, typer.Option(help="Another file to score on, of the same kind as the corpus.")] = None,
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
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object: `scores`, the `baselines` of trivial systems, and so on.")
    ] = False,
    trust: Trust = False,
) -> None:
    """Score a run on its test split, another split, or another file."""
    from seqnlp import api

    notify = partial(print, "note:", file=sys.stderr)
    if raw is not None:
        if data is not None or context is not None or dynamic is not None:
            raise UsageError("--raw goes with none of --data, --context and --dynamic")
        _evaluate_raw([run, *(more or [])], raw, as_json, trust)
        return
    if more:
        raise UsageError(f"{more[0]}: several runs are scored together on raw text only; add --raw FILE.conllu")
    result = api.evaluate(run, split, data, context=context, dynamic=dynamic, trust=trust, notify=notify)
    if as_json:
        typer.echo(to_json(result))
        return
    console, scores = stdout_console(), result["scores"]
    typer.echo(f"{result['split']}  {one_line(scores)}  ({result['items']:,} items in {result['seconds']:.2f} s)")
    for name, signature in scores.get("signatures", {}).items():
        typer.echo(f"      {name}: {signature}")
    show_baselines(console, result["baselines"])
    print_score_tables(console, scores)


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
