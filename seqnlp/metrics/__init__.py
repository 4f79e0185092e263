"""Metrics compare predictions with what is right."""

from seqnlp.metrics.accuracy import accuracy
from seqnlp.metrics.classes import class_scores, multilabel_scores
from seqnlp.metrics.labels import label_scores
from seqnlp.metrics.spans import SpanScores, span_scores

__all__ = ["SpanScores", "accuracy", "class_scores", "label_scores", "multilabel_scores", "span_scores"]
