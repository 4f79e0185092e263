"""Training loop, its settings and the contract of a dataset."""

from seqnlp.training.batches import EncodedDataset
from seqnlp.training.loop import Metric, Preview, Trainer
from seqnlp.training.settings import Training

__all__ = ["EncodedDataset", "Metric", "Preview", "Trainer", "Training"]
