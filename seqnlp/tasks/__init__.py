"""The tasks. Importing this module makes their recipes known."""

from seqnlp.tasks.base import Scores, Task, TaskRecipe
from seqnlp.tasks.classifier import Classifier
from seqnlp.tasks.classify import Classify
from seqnlp.tasks.forecast import Forecast
from seqnlp.tasks.forecaster import Forecaster
from seqnlp.tasks.generator import Generator
from seqnlp.tasks.lm import LanguageModel
from seqnlp.tasks.tag import Tag
from seqnlp.tasks.tagger import Tagger
from seqnlp.tasks.translate import Translate
from seqnlp.tasks.translator import Translator

__all__ = [
    "Classifier",
    "Classify",
    "Forecast",
    "Forecaster",
    "Generator",
    "LanguageModel",
    "Scores",
    "Tag",
    "Tagger",
    "Task",
    "TaskRecipe",
    "Translate",
    "Translator",
]
