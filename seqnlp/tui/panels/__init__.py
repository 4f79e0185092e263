"""Task panels, one for each task.

| file | what is in it |
|---|---|
| base.py | `TaskPanel`: ask, draw, copy; `PredictPanel`: a line to type into, and the answer below |
| tokens.py | `TokenPanel`: tag and classify |
| tag.py, classify.py, lm.py, translate.py, forecast.py | the panels |
| plain.py | the panel of a task without one of its own, a plugin's for instance |
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seqnlp.tui.panels.base import TaskPanel


@dataclass(frozen=True)
class TaskInfo:
    """A task as the application shows it."""

    name: str
    noun: str
    panel: str | None
    """`module:class`; None for the plain panel."""


TASKS = {
    info.name: info
    for info in (
        TaskInfo("tag", "tagger", "seqnlp.tui.panels.tag:TagPanel"),
        TaskInfo("classify", "classifier", "seqnlp.tui.panels.classify:ClassifyPanel"),
        TaskInfo("lm", "language model", "seqnlp.tui.panels.lm:LmPanel"),
        TaskInfo("translate", "translation", "seqnlp.tui.panels.translate:TranslatePanel"),
        TaskInfo("forecast", "forecast", "seqnlp.tui.panels.forecast:ForecastPanel"),
    )
}

PLAIN = "seqnlp.tui.panels.plain:PlainPanel"


def noun_for(task: str) -> str:
    """Noun of a task; the name of an unknown one, whose noun only the service knows."""
    return TASKS[task].noun if task in TASKS else task


def panel_for(task: str) -> type[TaskPanel]:
    """Panel class of a task, imported only now: the first picture does not wait for panels that nobody opened."""
    place = (TASKS[task].panel if task in TASKS else None) or PLAIN
    module, _, name = place.partition(":")
    found: type[TaskPanel] = getattr(import_module(module), name)
    return found
