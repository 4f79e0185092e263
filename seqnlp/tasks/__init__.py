"""The tasks. Importing this module makes their recipes known."""

from seqnlp.tasks.base import Scores, Task, TaskRecipe
from seqnlp.tasks.tag import Tag, Tagger

__all__ = ["Scores", "Tag", "Tagger", "Task", "TaskRecipe"]
