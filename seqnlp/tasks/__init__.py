"""The tasks. Importing this module makes their recipes known."""

from seqnlp.tasks.base import Scores, Task, TaskRecipe
from seqnlp.tasks.classify.predictor import Classifier
from seqnlp.tasks.classify.task import Classify
from seqnlp.tasks.forecast.predictor import Forecaster
from seqnlp.tasks.forecast.recipe import Forecast
from seqnlp.tasks.lm.predictor import Generator
from seqnlp.tasks.lm.task import LanguageModel
from seqnlp.tasks.tag.predictor import Tagger
from seqnlp.tasks.tag.task import Tag
from seqnlp.tasks.translate.predictor import Translator
from seqnlp.tasks.translate.task import Translate

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
