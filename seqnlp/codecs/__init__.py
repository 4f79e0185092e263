"""Codecs turn raw columns into integers and back."""

from seqnlp.codecs.base import Codec, WordCodec
from seqnlp.codecs.characters import Characters
from seqnlp.codecs.columns import Column
from seqnlp.codecs.labels import Labels
from seqnlp.codecs.subwords import Subwords
from seqnlp.codecs.vectors import WordVectors
from seqnlp.codecs.vocabulary import Vocabulary

__all__ = [
    "Characters",
    "Codec",
    "Column",
    "Labels",
    "Subwords",
    "Vocabulary",
    "WordCodec",
    "WordVectors",
]
