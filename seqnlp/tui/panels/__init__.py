"""Task panels, one for each task.

| file | what is in it |
|---|---|
| base.py | `TaskPanel`: ask, draw, copy; `PredictPanel`: a line to type into, and the answer below |
| tokens.py, correctable.py | `TokenPanel`, and `CorrectablePanel` with a table at its side: tag and classify |
| file.py | `FilePanel`: forecast and transcribe |
| history.py | overlay: earlier texts and prompts |
| labels.py | overlay: a label, for corrections by hand |
| a file a task | the panel that the registry of tasks names |
| plain.py | the panel of a task without one of its own, a plugin's for instance |
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from seqnlp.tasks.registry import task_info

if TYPE_CHECKING:
    from seqnlp.tui.panels.base import TaskPanel


def panel_for(task: str) -> type[TaskPanel]:
    """Panel class of a task, imported only now: the first picture does not wait for panels that nobody opened."""
    module, _, name = (task_info(task).panel or "seqnlp.tui.panels.plain:PlainPanel").partition(":")
    found: type[TaskPanel] = getattr(import_module(module), name)
    return found
