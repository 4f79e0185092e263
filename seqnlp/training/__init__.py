"""The training loop and what it needs."""

from seqnlp.training.examples import Examples
from seqnlp.training.loop import Metric, Show, Trainer
from seqnlp.training.settings import Training

__all__ = ["Examples", "Metric", "Show", "Trainer", "Training"]
