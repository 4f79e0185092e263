"""`seqnlp predict`: a run of any task."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

from seqnlp.cli.common import JsonLines, MaxLine, RunPath, SentenceFile, Trust
from seqnlp.cli.inputs import open_inputs
from seqnlp.json_text import to_json
from seqnlp.lines import MAX_LINE
from seqnlp.run import Run
from seqnlp.run.summary import read_recipe
from seqnlp.tasks.registry import task_info


def predict(
    run: RunPath,
    file: SentenceFile = None,
    as_json: JsonLines = False,
    max_line: MaxLine = MAX_LINE,
    trust: Trust = False,
) -> None:
    """Predict with a run of any task, over lines of text."""
    command = task_info(str(read_recipe(Run.open(run)).get("task"))).predict
    if command:
        module, function = command.split(":")
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
