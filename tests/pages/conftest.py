"""The program, as the pages call it."""

from tests.e2e.conftest import seqnlp

__all__ = ["seqnlp"]
