"""Metrics compare predictions with gold."""

from seqnlp.metrics.labels import LabelPairs, accuracy, class_scores, label_scores, multilabel_scores
from seqnlp.metrics.spans import SpanScores, span_scores

__all__ = ["LabelPairs", "SpanScores", "accuracy", "class_scores", "label_scores", "multilabel_scores", "span_scores"]
