"""Runs opened as the predictor of one task, for its command."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from seqnlp.errors import UsageError
from seqnlp.tasks.registry import task_info

P = TypeVar("P")


def open_predictor(run: Path, kind: type[P]) -> P:
    """Open a run as a predictor of this class.

    Raises:
        seqnlp.errors.UsageError: it is of another task; names the command for that.
    """
    from seqnlp import api

    predictor = api.load(run)
    if not isinstance(predictor, kind):
        info = task_info(predictor.task)
        raise UsageError(f"{run}: this run is {info.noun}; use `seqnlp {info.command} {run}`")
    return predictor
