"""The contract of a task: a recipe whose codecs are fitted."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from seqnlp.codecs import Codec
from seqnlp.embeddings import PathResolver
from seqnlp.encoders import Encoder
from seqnlp.model import SequenceModel
from seqnlp.optimizers import Optimizer
from seqnlp.readers.corpus import Corpus, read_corpus
from seqnlp.recipe import Recipe
from seqnlp.training import EncodedDataset, Metric, Preview, Training

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
    def examples(self, split: Any, batch_tokens: int) -> EncodedDataset:
        """Encode a split."""

    @abstractmethod
    def build(self) -> SequenceModel:
        """Make the model, with fresh random weights."""

    @abstractmethod
    def score(self, model: SequenceModel, examples: Any) -> Scores:
        """Score a model on what `examples` made of a split."""

    def dev_scores(self, model: SequenceModel, dev: Any) -> dict[str, float]:
        """The scores of dev that are told, and one of which decides, while the model is being trained."""
        return {name: score for name, score in self.score(model, dev).items() if isinstance(score, float)}

    @abstractmethod
    def show(self, dev: Any, seed: int) -> Preview:
        """Pick a few examples of a split, as it was read; what is returned says what a model makes of them."""

    @abstractmethod
    def predictor(self, model: SequenceModel) -> Any:
        """Wrap a trained model in what `seqnlp.load` returns."""

    def calibrate(self, model: SequenceModel, dev: Any) -> dict[str, float]:
        """Set right how sure the model says it is, where the recipe asks for that.

        Args:
            model: The trained model, which is changed.
            dev: What `examples` made of the dev split.

        Returns:
            A number for what was fitted, by decoder; nothing if nothing was.
        """
        return {}

    def notices(self, examples: Any) -> list[str]:
        """What a user should know of a split before its scores, one line each."""
        return []

    def baselines(self, splits: Mapping[str, Any], training: Training, seed: int) -> dict[str, dict[str, Scores]]:
        """The scores of trivial systems, to be put beside those of the model.

        Args:
            splits: What `examples` made of `train`, `dev` and perhaps more.
            training: How the model itself is trained.
            seed: Decides all random choices.

        Returns:
            For each split but train the plain scores of each system, by its name; nothing where none is known.
        """
        return {}


class TaskRecipe(Recipe, ABC):
    """The sections that all tasks have."""

    encoder: Encoder
    optimizer: Optimizer
    training: Training = Training()

    def corpus(self, find: PathResolver) -> Corpus:
        """Read the splits that `[data]` names; `find` looks files up."""
        return read_corpus(self.data, find)

    def split(self, source: str, find: PathResolver) -> Any:
        """Read one split: a file, or what else the reader takes for the name of one."""
        return self.data.reader.load(self.locate(source, find))

    @abstractmethod
    def fit(self, train: Any, find: PathResolver) -> Task:
        """Fit the codecs on the training split; `find` looks up other files that the recipe names."""

    @abstractmethod
    def restore(self, codecs: Mapping[str, Mapping[str, Any]]) -> Task:
        """Take the codecs that a run has saved."""
