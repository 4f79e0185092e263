"""The classic recurrent encoders: simple recurrent networks, gated recurrent units, long short-term memory."""

from abc import ABC
from typing import Annotated, Literal, final

from pydantic import Field

from seqnlp.encoders.recurrent import RecurrentEncoder
from seqnlp.nn.recurrent import GruLayer, LstmLayer, RecurrentLayer, RnnLayer
from seqnlp.nn.recurrent.normalized import NormalizedGruLayer, NormalizedLstmLayer, NormalizedRnnLayer


class ClassicEncoder(RecurrentEncoder, ABC):
    """Settings of layers with weights between the steps."""

    weight_drop: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the weights between a layer's steps dropped while training (Merity et al., 2018)."""
    layer_norm: bool = False
    """Normalise the sums of each step (Ba et al., 2016): steadier gradients, several times slower."""


@final
class Rnn(ClassicEncoder):
    """The simple recurrent network (Elman, 1990): small, and soon forgetful."""

    kind: Literal["rnn"] = "rnn"
    activation: Literal["tanh", "relu"] = "tanh"
    """Nonlinearity of a step's sum."""

    def layer(self, width: int, size: int) -> RecurrentLayer:
        kind = NormalizedRnnLayer if self.layer_norm else RnnLayer
        return kind(width, size, self.weight_drop, self.activation)


@final
class Gru(ClassicEncoder):
    """Gated recurrent units (Cho et al., 2014): a quarter fewer weights than an LSTM of the same size."""

    kind: Literal["gru"] = "gru"

    def layer(self, width: int, size: int) -> RecurrentLayer:
        return (NormalizedGruLayer if self.layer_norm else GruLayer)(width, size, self.weight_drop)


@final
class Lstm(ClassicEncoder):
    """Long short-term memory (Hochreiter and Schmidhuber, 1997): the fastest here, and the best memory."""

    kind: Literal["lstm"] = "lstm"

    def layer(self, width: int, size: int) -> RecurrentLayer:
        return (NormalizedLstmLayer if self.layer_norm else LstmLayer)(width, size, self.weight_drop)
