"""Optimizers and their schedules."""

from seqnlp.optimizers.adamw import AdamW
from seqnlp.optimizers.base import Optimizer
from seqnlp.optimizers.sgd import Sgd

__all__ = ["AdamW", "Optimizer", "Sgd"]
