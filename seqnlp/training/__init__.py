"""Training loop, its settings and the contract of a dataset."""

from seqnlp.training.dataset import BucketedDataset, EncodedDataset
from seqnlp.training.loop import Metric, Preview, Trainer, Training

__all__ = ["BucketedDataset", "EncodedDataset", "Metric", "Preview", "Trainer", "Training"]
