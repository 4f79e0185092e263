"""Training loop, its settings and the contract of a dataset."""

from seqnlp.training.dataset import BucketedDataset, EncodedDataset
from seqnlp.training.loop import Epochs, Metric, Preview, Trainer, Training

__all__ = ["BucketedDataset", "EncodedDataset", "Epochs", "Metric", "Preview", "Trainer", "Training"]
