"""Networks in torch alone, usable without the rest: recurrent layers, dropout, padding."""

from seqnlp.nn.dropout import Dropout
from seqnlp.nn.encoder import EncoderModule
from seqnlp.nn.recurrent import RecurrentLayer, RecurrentStack
from seqnlp.nn.states import States
from seqnlp.nn.stepper import Stepper

__all__ = ["Dropout", "EncoderModule", "RecurrentLayer", "RecurrentStack", "States", "Stepper"]
