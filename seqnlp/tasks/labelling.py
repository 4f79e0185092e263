"""What tasks have in common that choose labels: mistakes can be counted, and sureness be set right."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from seqnlp.codecs import Column
from seqnlp.metrics.answers import Answers
from seqnlp.model import SequenceModel
from seqnlp.tasks.base import Task

if TYPE_CHECKING:
    from datasets import Dataset


class LabellingTask(Task, ABC):
    """A task whose answers are labels."""

    @abstractmethod
    def words(self, split: "Dataset") -> Column:
        """The words of each sequence of a split, to be shown."""

    @abstractmethod
    def answers(self, model: SequenceModel, examples: Any) -> dict[str, Answers]:
        """What a model says of every item of `examples`, for each label column by name."""

    @abstractmethod
    def calibrate(self, model: SequenceModel, dev: Any) -> dict[str, float]:
        """Set the temperature of those decoders whose recipe asks for it.

        Args:
            model: The trained model, which is changed.
            dev: What `examples` made of the dev split.

        Returns:
            The temperatures by decoder; empty if the recipe asks for none.
        """
