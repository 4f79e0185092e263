"""Recurrent encoders: their shared settings, and the classic kinds RNN, GRU and LSTM."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import partial
from typing import Annotated, ClassVar, Literal, final

from pydantic import Field

from seqnlp.encoders.base import Encoder
from seqnlp.nn.encoder import EncoderModule
from seqnlp.nn.recurrent import GruLayer, LstmLayer, RecurrentLayer, RecurrentStack, RnnLayer
from seqnlp.nn.recurrent.normalized import NormalizedGruLayer, NormalizedLstmLayer, NormalizedRnnLayer


class RecurrentEncoder(Encoder, ABC):
    """A stack of recurrent layers. A new kind needs one method, which makes a layer."""

    transferable: ClassVar[tuple[str, ...]] = ("dropout", "variational_dropout")

    decoder_keys: ClassVar[frozenset[str]] = frozenset(
        {"size", "layers", "bidirectional", "dropout", "variational_dropout", "residual"}
    )

    renamed = {"variational": "variational_dropout"}

    size: Annotated[int, Field(ge=1)] = 128
    """Units of each direction of each layer."""
    layers: Annotated[int, Field(ge=1, le=16)] = 1
    """Stacked layers."""
    bidirectional: bool = True
    """Read each sequence in both directions; the output is twice as wide."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """Share of features dropped between layers."""
    variational_dropout: bool = True
    """One dropout mask a sequence instead of one a step: cheaper, and usually better."""
    residual: bool = False
    """Add each layer's input to its output wherever their widths agree."""

    @abstractmethod
    def layer(self, width: int, size: int) -> RecurrentLayer:
        """Make one direction of a layer.

        Args:
            width: Features of an input step.
            size: Features of an output step.
        """

    def unused(self) -> Iterator[tuple[str, str]]:
        between = "dropout is between layers, and there is one" if self.layers == 1 else "dropout is 0"
        if self.layers == 1 and self.dropout:
            yield from ((key, between) for key in self.changed("dropout"))
        if self.layers == 1 or not self.dropout:
            yield from ((key, between) for key in self.changed("variational_dropout"))

    def unused_in(self, network: EncoderModule) -> Iterator[tuple[str, str]]:
        stacks = (module for module in network.modules() if isinstance(module, RecurrentStack))
        if self.residual and not any(stack.sums for stack in stacks):
            yield "residual", "no layer's input is as wide as its output"

    @property
    def reads_ahead(self) -> bool:
        """Only a backward direction sees later steps."""
        return self.bidirectional

    def build(self, width: int) -> RecurrentStack:
        """Make the layers."""
        return RecurrentStack(
            partial(self.layer, size=self.size),
            width,
            self.layers,
            self.bidirectional,
            self.dropout,
            self.variational_dropout,
            self.residual,
        )

    def build_cell(self, width: int, size: int) -> RecurrentStack:
        """Make a forward layer. See `Encoder.build_cell`."""
        return RecurrentStack(partial(self.layer, size=size), width)


class ClassicEncoder(RecurrentEncoder, ABC):
    """Settings of layers with weights between the steps."""

    transferable = ("weight_drop",)

    weight_drop: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the weights between a layer's steps dropped while training (Merity et al., 2018)."""
    layer_norm: bool = False
    """Normalise the sums of each step (Ba et al., 2016): steadier gradients, at half again the time."""


@final
class Rnn(ClassicEncoder):
    """The simple recurrent network (Elman, 1990): small, and soon forgetful."""

    kind: Literal["rnn"] = "rnn"
    activation: Literal["tanh", "relu"] = "tanh"
    """Nonlinearity of a step's sum."""

    @property
    def equations(self) -> tuple[str, ...]:
        function = "tanh" if self.activation == "tanh" else "ReLU"
        return (f"h′ = {function}(LN(W x + U h))" if self.layer_norm else f"h′ = {function}(W x + b + U h + c)",)

    def layer(self, width: int, size: int) -> RecurrentLayer:
        kind = NormalizedRnnLayer if self.layer_norm else RnnLayer
        return kind(width, size, self.weight_drop, self.activation)


@final
class Gru(ClassicEncoder):
    """Gated recurrent units (Cho et al., 2014): a quarter fewer weights than an LSTM of the same size."""

    kind: Literal["gru"] = "gru"

    @property
    def equations(self) -> tuple[str, ...]:
        gates: tuple[str, ...]
        if self.layer_norm:
            gates = ("[r, z] = σ(LN_x([W_r x, W_z x]) + LN_h([U_r h, U_z h]))",)
            candidate = "n = tanh(LN_n(W_n x) + r ⊙ LN_m(U_n h))"
        else:
            gates = ("r = σ(W_r x + b_r + U_r h + c_r)", "z = σ(W_z x + b_z + U_z h + c_z)")
            candidate = "n = tanh(W_n x + b_n + r ⊙ (U_n h + c_n))"
        return (*gates, candidate, "h′ = (1 − z) ⊙ n + z ⊙ h")

    def layer(self, width: int, size: int) -> RecurrentLayer:
        return (NormalizedGruLayer if self.layer_norm else GruLayer)(width, size, self.weight_drop)


@final
class Lstm(ClassicEncoder):
    """Long short-term memory (Hochreiter and Schmidhuber, 1997): the fastest here, and the best memory."""

    kind: Literal["lstm"] = "lstm"

    @property
    def equations(self) -> tuple[str, ...]:
        if self.layer_norm:
            gates = ("[i, f, g, o] = LN_x([W_i x, W_f x, W_g x, W_o x]) + LN_h([U_i h, U_f h, U_g h, U_o h])",)
            return (*gates, "c′ = σ(f) ⊙ c + σ(i) ⊙ tanh(g)", "h′ = σ(o) ⊙ tanh(LN_c(c′))")
        functions = {"i": "σ", "f": "σ", "g": "tanh", "o": "σ"}
        sums = tuple(f"{n} = {each}(W_{n} x + b_{n} + U_{n} h + c_{n})" for n, each in functions.items())
        return (*sums, "c′ = f ⊙ c + i ⊙ g", "h′ = o ⊙ tanh(c′)")

    def layer(self, width: int, size: int) -> RecurrentLayer:
        return (NormalizedLstmLayer if self.layer_norm else LstmLayer)(width, size, self.weight_drop)
