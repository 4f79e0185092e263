"""Encoders: a contextual vector for each step of a sequence."""

from seqnlp.encoders.base import Cell, Encoder
from seqnlp.encoders.identity import NoEncoder
from seqnlp.encoders.min_gru import MinGru
from seqnlp.encoders.mogrifier import Mogrifier
from seqnlp.encoders.recurrent import Gru, Lstm, RecurrentEncoder, Rnn
from seqnlp.nn.encoder import EncoderModule

__all__ = [
    "Cell",
    "Encoder",
    "EncoderModule",
    "Gru",
    "Lstm",
    "MinGru",
    "Mogrifier",
    "NoEncoder",
    "RecurrentEncoder",
    "Rnn",
]
