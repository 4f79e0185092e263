"""Language models, and their states as an embedding of words."""

from seqnlp.tasks.lm.embedding import Context

__all__ = ["Context"]
