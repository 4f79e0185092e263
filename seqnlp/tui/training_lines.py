"""Status of a training as styled lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil

from rich.cells import cell_len
from textual.content import Content

from seqnlp.events import Example
from seqnlp.status import Evaluation, TrainingStatus
from seqnlp.tui.widgets.chart_view import meter
from seqnlp.tui.widgets.lines import column
from seqnlp.units import duration, score

SIGNS = {
    "loading": ("◌", "reading the data", "$accent"),
    "training": ("●", "training", "$success"),
    "paused": ("⏸", "paused", "$warning"),
    "stopping": ("◍", "saving a checkpoint", "$warning"),
    "stopped": ("■", "stopped", "$muted"),
    "finished": ("✓", "finished", "$success"),
    "failed": ("✕", "failed", "$error"),
}
"""Sign, words and colour of each state."""

NAMES = ("given", "expected", "model")
"""Lines of an example of dev."""

NAME_WIDTH = 10


def progress(status: TrainingStatus, state: tuple[str, str, str], width: int) -> Content:
    """State, progress bar and time."""
    sign, words, colour = state
    left = Content.assemble((f"{sign} ", f"bold {colour}"), (words, "bold"))
    if status.started is None:
        return left
    times = [duration(status.seconds)]
    if words in ("training", "paused") and status.seconds_left:
        times.append(f"{duration(status.seconds_left)} left")
    right = Content.assemble((f"{status.share:4.0%}  ", "bold"), (" · ".join(times), "$muted"))
    room = width - left.cell_length - right.cell_length - 4
    if room < 6:
        return Content("\n").join([left, right])
    return left.append("  ").append(meter(status.share, room)).append("  ").append(right)


def numbers(status: TrainingStatus, width: int) -> Content:
    """Epoch, loss, best score and speed, as far as there is room."""
    started, best = status.started, status.best
    parts: list[tuple[str, str]] = []
    if started is not None:
        epoch = max(ceil(round(status.latest.epoch, 6)), 1) if status.latest else 1
        parts.append(("epoch", f"{epoch}/{started.epochs:g}"))
    if status.loss is not None:
        parts.append(("loss", f"{status.loss:.3f}"))
    if best is not None and best.metric:
        parts.append(("best", f"{best.metric} {score(best.score)}"))
    if started is not None and status.items_per_second and status.done is None:
        parts.append((f"{started.items_name}/s", f"{status.items_per_second:,.0f}"))
    if started is not None:
        parts.append(("parameters", f"{started.parameters:,}"))
    line = Content("")
    for name, value in parts:
        part = Content.assemble((f"{name} ", "$muted"), value)
        if line.cell_length + part.cell_length + 4 > width:
            break
        line = line.append("    " if line.cell_length else "").append(part)
    return line


def evaluations(status: TrainingStatus, width: int) -> Content:
    """Table of evaluations, the newest last, the best one marked."""
    if not status.evaluations:
        return Content.styled("The scores on dev come after the first evaluation.", "$muted")
    metric = status.evaluations[-1].metric
    first = [("epoch", 6), ("loss", 10), (f"dev {metric}", max(12, len(metric) + 6)), ("time", 14)]
    if width < sum(size for _, size in first) + 2:
        first.pop()
    if width >= 64 and status.started is not None:
        first.insert(3, (f"{status.started.items_name}/s", 18))
    names = [column(name, size, "$muted", right=True) for name, size in first]
    lines = [Content("").join([Content("  "), *names])]
    lines += [_row(evaluation, evaluation is status.best, first) for evaluation in status.evaluations]
    return Content("\n").join(lines)


def latest_scores(status: TrainingStatus, width: int) -> Content:
    """Table of all scores on dev: the latest ones, and those of the model that is kept."""
    if not status.scores:
        return Content("")
    name = min(max(map(len, status.scores)) + 2, max(width - 24, 8))
    heads = [column(text, 12, "$muted", right=True) for text in ("latest", "kept")]
    lines = [Content("").join([column("scores on dev", name, "$muted"), *heads])]
    deciding = status.evaluations[-1].metric
    for metric, value in status.scores.items():
        style = "bold" if metric == deciding else ""
        kept = column(score(status.best_scores.get(metric)), 12, style, right=True)
        lines.append(column(metric, name, style).append(column(score(value), 12, style, right=True)).append(kept))
    return Content("\n").join(lines)


def _row(evaluation: Evaluation, best: bool, columns: list[tuple[str, int]]) -> Content:
    cells = [
        f"{round(evaluation.epoch, 2):g}",
        "-" if evaluation.loss is None else f"{evaluation.loss:.3f}",
        score(evaluation.score) if evaluation.metric else "",
        duration(evaluation.seconds),
    ]
    if len(columns) > 4:
        cells.insert(3, f"{evaluation.items_per_second:,.0f}")
    sign = Content.styled("★ " if best else "  ", "$accent")
    style = "bold" if best else ""
    row = [column(cell, size, style, right=True) for cell, (_, size) in zip(cells, columns, strict=False)]
    return Content("").join([sign, *row])


def examples(found: Sequence[Example], first: int, count: int, width: int) -> Content:
    """Some examples of dev, each in three lines.

    Args:
        found: All examples.
        first: Index of the first one; after the last one the first comes again.
        count: Number of examples, at most.
        width: Columns of the lines.
    """
    shown = [found[(first + number) % len(found)] for number in range(min(count, len(found)))]
    return Content("\n\n").join([Content("\n").join(_example(example, width)) for example in shown])


def _example(example: Example, width: int) -> Iterator[Content]:
    rows = [[_plain(cell) for cell in row] for row in (example.given, example.expected, example.predicted)]
    room = width - NAME_WIDTH
    widths = [max(map(cell_len, cells)) + 2 for cells in zip(*rows, strict=False)]
    for number, (name, row) in enumerate(zip(NAMES, rows, strict=True)):
        line, left = column(name, NAME_WIDTH, "$muted"), room
        for cell, size, right in zip(row, widths, rows[1], strict=False):
            if left <= 2:
                break
            wrong = number == 2 and example.labels and cell != right
            style = "bold $error" if wrong else ("$muted", "", "bold")[number]
            # what is wrong is underlined, since there may be no colours
            line = line.append(column(cell, min(size, left), f"{style} underline" if wrong else style))
            left -= size
        yield line


def _plain(cell: str) -> str:
    """A text in one line."""
    return "".join(sign if sign.isprintable() else "⏎" if sign == "\n" else " " for sign in cell)
