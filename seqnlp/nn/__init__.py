"""Networks in torch alone, usable without the rest: recurrent layers, dropout, padding."""

from seqnlp.nn.dropout import Dropout
from seqnlp.nn.encoder import EncoderModule
from seqnlp.nn.recurrent import Recurrent
from seqnlp.nn.states import States

__all__ = ["Dropout", "EncoderModule", "Recurrent", "States"]
