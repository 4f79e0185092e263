"""Codecs turn raw columns into integers and back."""

from seqnlp.codecs.base import Codec, WordCodec
from seqnlp.codecs.characters import Characters
from seqnlp.codecs.columns import Column
from seqnlp.codecs.features import Features
from seqnlp.codecs.labels import Labels
from seqnlp.codecs.ngrams import NGrams
from seqnlp.codecs.running_text import RunningText
from seqnlp.codecs.series import SeriesScaler
from seqnlp.codecs.subwords import Subwords
from seqnlp.codecs.units import Unit
from seqnlp.codecs.vectors import WordVectors
from seqnlp.codecs.vocabulary import Vocabulary

__all__ = [
    "Characters",
    "Codec",
    "Column",
    "Features",
    "Labels",
    "NGrams",
    "RunningText",
    "SeriesScaler",
    "Subwords",
    "Unit",
    "Vocabulary",
    "WordCodec",
    "WordVectors",
]
