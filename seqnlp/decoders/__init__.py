"""Decoders map encoded steps to the outputs of a task."""

from seqnlp.decoders.attention import Attention, AttentionDecoder
from seqnlp.decoders.base import Allowed, DecoderModule, Loss, TagDecoder, TagModule, Tags
from seqnlp.decoders.biaffine import Biaffine, BiaffineParser
from seqnlp.decoders.crf import Crf
from seqnlp.decoders.linear import Linear
from seqnlp.decoders.next_token import NextToken, NextTokenDecoder
from seqnlp.decoders.pool import Classes, MaxPool, PoolClassifier, PoolDecoder

__all__ = [
    "Allowed",
    "Attention",
    "AttentionDecoder",
    "Biaffine",
    "BiaffineParser",
    "Classes",
    "Crf",
    "DecoderModule",
    "Linear",
    "Loss",
    "MaxPool",
    "NextToken",
    "NextTokenDecoder",
    "PoolClassifier",
    "PoolDecoder",
    "TagDecoder",
    "TagModule",
    "Tags",
]
