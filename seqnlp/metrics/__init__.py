"""Metrics compare predictions with what is right."""

from seqnlp.metrics.accuracy import accuracy
from seqnlp.metrics.labels import label_scores

__all__ = ["accuracy", "label_scores"]
