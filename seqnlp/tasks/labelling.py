"""Contract of tasks that choose labels: error analysis and calibration."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from seqnlp.codecs import Column
from seqnlp.metrics import LabelPairs
from seqnlp.model import SequenceModel
from seqnlp.tasks.base import Task

if TYPE_CHECKING:
    from datasets import Dataset


class LabellingTask(Task, ABC):
    """Task that predicts labels."""

    @abstractmethod
    def words(self, split: "Dataset") -> Column:
        """Words of each sequence of a split, to be shown."""

    @abstractmethod
    def label_pairs(self, model: SequenceModel, examples: Any) -> dict[str, LabelPairs]:
        """Gold and predicted label of every item, by label column."""

    @abstractmethod
    def calibrate(self, model: SequenceModel, dev: Any) -> dict[str, float]:
        """Fit temperatures; returns those of the decoders whose recipe asks for it."""
