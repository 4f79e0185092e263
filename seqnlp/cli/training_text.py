"""The words in which the progress of a training is told, on terminals and in logs."""

from __future__ import annotations

import math

from seqnlp.events import Started
from seqnlp.status import Evaluation, TrainingStatus
from seqnlp.units import duration, score

ROW = "{:>7}  {:>9}  {:>18}  {:>16}  {:>12}"


def started_line(started: Started) -> str:
    """What begins, or goes on."""
    size = f"{started.parameters:,} parameters, {started.epochs:g} epochs, {started.steps:,} steps"
    return f"going on after step {started.step:,}: {size}" if started.step else f"training: {size}"


def evaluation_line(status: TrainingStatus) -> str:
    """The latest evaluation in one line."""
    latest = status.evaluations[-1]
    parts = [
        f"epoch {epoch_text(latest.epoch):>2}/{epochs_text(status)}",
        loss_text(latest.loss),
        f"dev {latest.metric} {score(latest.score)}{' (best)' if latest.best else ''}" if latest.metric else "",
        speed_text(status),
        time_text(status),
    ]
    return "  ".join(filter(None, parts))


def step_line(status: TrainingStatus) -> str:
    """Where the training stands between two evaluations."""
    return "  ".join(
        filter(None, [running_epoch(status), loss_text(status.loss), speed_text(status), time_text(status)])
    )


def done_line(status: TrainingStatus) -> str:
    """How the training ended."""
    reason = status.done.reason if status.done else "stopped"
    best = best_text(status)
    return f"{reason} after {duration(status.seconds)}" + (f"; {best}" if best else "")


def best_text(status: TrainingStatus) -> str:
    """The best score so far and when it was reached; empty if nothing was scored."""
    if status.best and status.best.metric:
        best = status.best
        return f"best dev {best.metric} {score(best.score)} (epoch {epoch_text(best.epoch)})"
    if status.done and status.done.best:
        metric, value = next(iter(status.done.best.items()))
        return f"best dev {metric} {score(value)}"
    return ""


def running_epoch(status: TrainingStatus) -> str:
    """The epoch that is being trained, counted from 1."""
    epoch = status.latest.epoch if status.latest else 0.0
    return f"epoch {max(math.ceil(round(epoch, 6)), 1)}/{epochs_text(status)}"


def epoch_text(epoch: float) -> str:
    """An epoch as a whole number, or with two decimals in the middle of one."""
    return f"{round(epoch, 2):g}"


def epochs_text(status: TrainingStatus) -> str:
    """How many epochs there will be."""
    return f"{status.started.epochs:g}" if status.started else "?"


def loss_text(loss: float | None) -> str:
    """The loss; empty if it is not known."""
    return "" if loss is None else f"loss {loss:.3f}"


def speed_text(status: TrainingStatus) -> str:
    """The speed, in whatever this task counts; empty if it is not known."""
    if not status.started or not status.items_per_second:
        return ""
    return f"{status.items_per_second:,.0f} {status.started.items_name}/s"


def time_text(status: TrainingStatus) -> str:
    """The time gone by and the time left."""
    left = status.seconds_left
    return duration(status.seconds) + (f", {duration(left)} left" if left else "")


def table_head(status: TrainingStatus) -> str:
    """The names of the columns of `table_row`."""
    items = status.started.items_name if status.started else "items"
    metric = status.evaluations[-1].metric
    return ROW.format("epoch", "loss", f"dev {metric}" if metric else "", f"{items}/s", "time").rstrip()


def table_row(evaluation: Evaluation) -> str:
    """An evaluation as a row of the growing table of a live view."""
    row = ROW.format(
        epoch_text(evaluation.epoch),
        "-" if evaluation.loss is None else f"{evaluation.loss:.3f}",
        score(evaluation.score) if evaluation.metric else "",
        f"{evaluation.items_per_second:,.0f}",
        duration(evaluation.seconds),
    )
    return f"{row}  best" if evaluation.best else row
