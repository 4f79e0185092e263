"""Error analysis of labels: confusions, unknown words, calibration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from seqnlp.codecs import Column
from seqnlp.metrics.calibration import calibration_error, reliability
from seqnlp.metrics.labels import LabelPairs, accuracy, confusion_matrix, frequent_confusions
from seqnlp.notes import notes_to
from seqnlp.results import Confusion, ErrorReport, Mistake, Report
from seqnlp.tasks.base import LabellingTask, ReportSettings
from seqnlp.tasks.loading import open_split
from seqnlp.training.precision import computing_in

NOT_IN_TRAIN = "(not in train)"
"""Row of a matrix for right labels that train did not have."""


def analyse(
    run: str | Path,
    split: str = "test",
    data: str | Path | None = None,
    *,
    confusions: int = ReportSettings.confusions,
    examples: int = ReportSettings.examples,
    notify: Callable[[str], None] = lambda line: None,
    trust: bool = False,
) -> Mapping[str, Report]:
    """Analyse the errors of a run.

    Args:
        run: The run directory.
        split: `train`, `dev` or `test`.
        data: Another file of the same kind, instead of a split.
        confusions: Most frequent confusions, worst sentences or most surprising contexts, at most.
        examples: Mistakes of each confusion, those with the highest confidence; examples of each flaw.
        notify: Called with each warning about the data, one line each.
        trust: Consent to run the Python that the run brings along; it is remembered.

    Returns:
        A report for each label column by its name; of a translator one, `translation`, of a language model one,
        `surprise`.

    Raises:
        seqnlp.errors.UsageError: the run's task has no such analysis, or no such split.
        seqnlp.errors.DataError: the run or the data can't be read.
    """
    with notes_to(notify):
        opened = open_split(run, split, data, trust)
    task, settings = opened.task, ReportSettings(confusions, examples)
    with torch.inference_mode(), computing_in(opened.precision, opened.model.device):
        if not isinstance(task, LabellingTask):
            return task.error_reports(opened.model, opened.examples, opened.table, settings)
        pairs = task.label_pairs(opened.model, opened.examples)
    words = task.words(opened.table)
    return {name: report(each, words, confusions, examples) for name, each in pairs.items()}


def report(pairs: LabelPairs, words: Column, confusions: int, examples: int) -> ErrorReport:
    """Count the mistakes in one column; see `analyse`."""
    right = pairs.gold == pairs.predicted
    matrix = confusion_matrix(pairs.gold, pairs.predicted, len(pairs.names))
    rows = [*pairs.names, NOT_IN_TRAIN]
    if not matrix[-1].any():
        rows, matrix = rows[:-1], matrix[:-1]
    table = reliability(pairs.confidence, right)
    return ErrorReport(
        labels=pairs.names,
        rows=rows,
        matrix=matrix.tolist(),
        items=len(right),
        accuracy=accuracy(right),
        words=None if pairs.known is None else _by_knowledge(pairs.known, right),
        confusions=[
            Confusion(rows[gold], pairs.names[predicted], count, _mistakes(pairs, words, gold, predicted, examples))
            for gold, predicted, count in frequent_confusions(matrix, confusions)
        ],
        calibration_error=calibration_error(table),
        reliability=table,
        features={name: report(part, words, confusions, examples) for name, part in pairs.parts.items()},
    )


def _by_knowledge(known: np.ndarray[Any, np.dtype[np.bool_]], right: Any) -> dict[str, dict[str, float]]:
    return {
        name: {"count": int(chosen.sum()), "accuracy": accuracy(right[chosen])}
        for name, chosen in (("known", known), ("unknown", ~known))
    }


def _mistakes(pairs: LabelPairs, words: Column, gold: int, predicted: int, most: int) -> list[Mistake]:
    """Items of one confusion, the highest confidence first."""
    matches = pairs.gold == gold if gold < len(pairs.names) else pairs.gold < 0
    items = np.flatnonzero(matches & (pairs.predicted == predicted))
    chosen = items[np.argsort(-pairs.confidence[items], kind="stable")[:most]]
    mistakes = []
    for item in chosen.tolist():
        tokens = [words.distinct[code] for code in words.codes[int(pairs.rows[item])].tolist()]
        place = None if pairs.steps is None else int(pairs.steps[item])
        texts = [column.distinct[int(column.codes.values[item])] for column in pairs.texts or ()]
        mistakes.append(Mistake(tokens, place, float(pairs.confidence[item]), *texts))
    return mistakes
