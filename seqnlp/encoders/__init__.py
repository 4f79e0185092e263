"""Encoders give each step of a sequence a vector that knows its context."""

from seqnlp.encoders.base import Encoder
from seqnlp.encoders.gru import Gru
from seqnlp.encoders.lstm import Lstm
from seqnlp.encoders.none import NoEncoder
from seqnlp.encoders.rnn import Rnn
from seqnlp.nn.encoder import EncoderModule

__all__ = ["Encoder", "EncoderModule", "Gru", "Lstm", "NoEncoder", "Rnn"]
