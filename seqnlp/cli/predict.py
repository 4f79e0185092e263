"""`seqnlp predict`: a run of any task."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

from seqnlp.cli.beside import Beside, ColumnPrefix, Destination, Force, Out
from seqnlp.cli.common import Device, JsonLines, MaxLine, RunPath, SentenceFile, Trust
from seqnlp.cli.inputs import AsReader, Column, open_inputs
from seqnlp.cli.workers import Workers
from seqnlp.errors import UsageError
from seqnlp.json_text import to_json
from seqnlp.lines import MAX_LINE
from seqnlp.run import Run
from seqnlp.run.summary import read_recipe
from seqnlp.tasks.registry import task_info


def predict(
    run: RunPath,
    file: SentenceFile = None,
    as_json: JsonLines = False,
    reader: AsReader = None,
    column: Column = None,
    out: Out = None,
    beside: Beside = False,
    column_prefix: ColumnPrefix = "",
    force: Force = False,
    workers: Workers = None,
    max_line: MaxLine = MAX_LINE,
    device: Device = None,
    trust: Trust = False,
) -> None:
    """Predict with a run of any task, over lines of text.

    With --out or --beside predictions stand beside the columns of a table; of a language model these are its scores.
    """
    info = task_info(str(read_recipe(Run.open(run)).get("task")))
    if Destination(out, beside, column_prefix, force, as_json, workers).is_wanted(file):
        if not info.table:
            raise UsageError(f"{run}: this run is {info.noun}, whose predictions are no columns beside a table")
        module, function = info.table.split(":")
        given = {"as_json": as_json, "reader": reader, "column": column, "trust": trust}
        getattr(import_module(module), function)(
            run, file, out=out, beside=beside, column_prefix=column_prefix, force=force, workers=workers, **given
        )
        return
    if reader is not None or column is not None:
        raise UsageError(f"--reader and --column go with --out or --beside here, or use `seqnlp {info.command}`")
    if info.predict:
        module, function = info.predict.split(":")
        getattr(import_module(module), function)(run, file, as_json, trust)
    else:
        _by_line(run, file, as_json, trust)


def _by_line(run: Path, file: Path | None, as_json: bool, trust: bool) -> None:
    """Predict line by line, for a task without its own command: one of a plugin."""
    from seqnlp import api

    predictor = api.load(run, trust=trust)
    for lines in open_inputs(run, file):
        for result in predictor.predict(lines):
            found = to_json(result.to_json()) if as_json else str(result)
            sys.stdout.write(found + "\n")
        sys.stdout.flush()
