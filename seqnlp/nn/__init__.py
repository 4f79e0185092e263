"""Networks in torch alone, usable without the rest: recurrent layers, dropout, padding."""

from seqnlp.nn.dropout import Dropout
from seqnlp.nn.encoder import EncoderModule, States, Stepper
from seqnlp.nn.recurrent import RecurrentLayer, RecurrentStack

__all__ = ["Dropout", "EncoderModule", "RecurrentLayer", "RecurrentStack", "States", "Stepper"]
