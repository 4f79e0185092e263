"""Decoders make of encoded steps what the task asks for."""

from seqnlp.decoders.base import DecoderModule, Loss
from seqnlp.decoders.pool import Classes, MaxPool, PoolClassifier, PoolDecoder
from seqnlp.decoders.tags import Linear, TagDecoder, Tags

__all__ = [
    "Classes",
    "DecoderModule",
    "Linear",
    "Loss",
    "MaxPool",
    "PoolClassifier",
    "PoolDecoder",
    "TagDecoder",
    "Tags",
]
