"""`seqnlp predict`: a run of any task."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path

from seqnlp.cli.common import JsonLines, MaxLine, RunPath, SentenceFile, blocks
from seqnlp.lines import MAX_LINE
from seqnlp.run import Run
from seqnlp.run.summary import read_recipe
from seqnlp.tasks.registry import task_info


def predict(run: RunPath, file: SentenceFile = None, as_json: JsonLines = False, max_line: MaxLine = MAX_LINE) -> None:
    """Predict with a run of any task, over lines of text."""
    command = task_info(str(read_recipe(Run.open(run)).get("task"))).predict
    if command:
        module, function = command.split(":")
        getattr(import_module(module), function)(run, file, as_json)
    else:
        _by_line(run, file, as_json)


def _by_line(run: Path, file: Path | None, as_json: bool) -> None:
    """Predict line by line, for a task without its own command: one of a plugin."""
    from seqnlp import api

    predictor = api.load(run)
    for lines in blocks(file):
        for result in predictor.predict(lines):
            found = json.dumps(result.to_json(), ensure_ascii=False) if as_json else str(result)
            sys.stdout.write(found + "\n")
        sys.stdout.flush()
