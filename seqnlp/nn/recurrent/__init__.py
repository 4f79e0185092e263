"""Recurrent networks: layers, stacks of them, and steppers for one step at a time."""

from seqnlp.nn.recurrent.layers import GruLayer, LstmLayer, RecurrentLayer, RnnLayer
from seqnlp.nn.recurrent.packed import packed_linear
from seqnlp.nn.recurrent.stack import RecurrentStack

__all__ = ["GruLayer", "LstmLayer", "RecurrentLayer", "RecurrentStack", "RnnLayer", "packed_linear"]
