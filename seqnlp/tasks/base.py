"""The contract of a task: a recipe whose codecs are fitted."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from seqnlp.codecs import Codec
from seqnlp.embeddings import Find
from seqnlp.encoders import Encoder
from seqnlp.model import SequenceModel
from seqnlp.optimizers import Optimizer
from seqnlp.recipe import Recipe
from seqnlp.training import Examples, Metric, Training

if TYPE_CHECKING:
    from datasets import Dataset

Scores = dict[str, Any]
"""Numbers by name; a score of several parts, such as `labels`, is a table of its own."""


class Task(ABC):
    """Ties a corpus's columns to codecs, a model, scores and a verb."""

    verb: ClassVar[str]
    """What its predictor does: tag, classify, generate, translate, forecast."""
    items_name: ClassVar[str]
    """What its speed is counted in."""
    metric: Metric
    """The dev score that decides which weights are kept."""

    @abstractmethod
    def codecs(self) -> dict[str, Codec]:
        """What must be saved with a model, by name."""

    @abstractmethod
    def examples(self, split: "Dataset", batch_tokens: int) -> Examples:
        """Encode a split."""

    @abstractmethod
    def build(self) -> SequenceModel:
        """Make the model, with fresh random weights."""

    @abstractmethod
    def score(self, model: SequenceModel, examples: Any) -> Scores:
        """Score a model on what `examples` made of a split."""

    @abstractmethod
    def predictor(self, model: SequenceModel) -> Any:
        """Wrap a trained model in what `seqnlp.load` returns."""

    def notices(self, examples: Any) -> list[str]:
        """What a user should know of a split before its scores, one line each."""
        return []


class TaskRecipe(Recipe, ABC):
    """The sections that all tasks have."""

    encoder: Encoder
    optimizer: Optimizer
    training: Training = Training()

    @abstractmethod
    def fit(self, train: "Dataset", find: Find) -> Task:
        """Fit the codecs on the training split; `find` looks up other files that the recipe names."""

    @abstractmethod
    def restore(self, codecs: Mapping[str, Mapping[str, Any]]) -> Task:
        """Take the codecs that a run has saved."""
