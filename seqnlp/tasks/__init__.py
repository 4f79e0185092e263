"""The tasks. Importing this module makes their recipes known."""

from seqnlp.tasks.base import Scores, Task, TaskRecipe
from seqnlp.tasks.classifier import Classifier
from seqnlp.tasks.classify import Classify
from seqnlp.tasks.generator import Generator
from seqnlp.tasks.lm import LanguageModel
from seqnlp.tasks.tag import Tag
from seqnlp.tasks.tagger import Tagger

__all__ = ["Classifier", "Classify", "Generator", "LanguageModel", "Scores", "Tag", "Tagger", "Task", "TaskRecipe"]
