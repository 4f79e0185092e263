"""The tasks. Importing this module makes their recipes known."""

from seqnlp.tasks.base import Scores, Task, TaskRecipe
from seqnlp.tasks.classifier import Classifier
from seqnlp.tasks.classify import Classify
from seqnlp.tasks.tag import Tag, Tagger

__all__ = ["Classifier", "Classify", "Scores", "Tag", "Tagger", "Task", "TaskRecipe"]
