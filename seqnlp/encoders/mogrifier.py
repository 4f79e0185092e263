"""The Mogrifier LSTM: input and state gate each other before each step."""

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal, final

import torch
from pydantic import Field
from torch import Tensor, nn

from seqnlp.encoders.recurrent import RecurrentEncoder
from seqnlp.nn.dropout import drop_weights
from seqnlp.nn.recurrent import RecurrentLayer
from seqnlp.nn.recurrent.layers import initialise
from seqnlp.nn.recurrent.loop import LoopLayer, Product
from seqnlp.shapes import Float


@final
class Mogrifier(RecurrentEncoder):
    """The Mogrifier LSTM (Melis et al., 2020): the best published LSTM language models, for twice the time."""

    transferable = ("weight_drop",)

    kind: Literal["mogrifier"] = "mogrifier"
    rounds: Annotated[int, Field(ge=0, le=16)] = 5
    """Times that input and state gate each other before a step, in turns; 0: an LSTM."""
    rank: Annotated[int, Field(ge=1)] | None = None
    """Rank of the matrices between them, for fewer weights; left out: full."""
    weight_drop: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the weights between a layer's steps dropped while training (Merity et al., 2018)."""

    def unused(self) -> Iterator[tuple[str, str]]:
        yield from super().unused()
        if not self.rounds:
            yield from ((key, "there are no rounds of gates") for key in self.changed("rank"))

    @property
    def equations(self) -> tuple[str, ...]:
        sums = tuple(
            f"{n} = {each}(W_{n} x + U_{n} h + b_{n})" for n, each in zip("ifgo", ("σ", "σ", "tanh", "σ"), strict=True)
        )
        gates = ("x ← 2 σ(Q_{} h) ⊙ x", "h ← 2 σ(R_{} x) ⊙ h")
        rounds = tuple(gates[number % 2].format(number + 1) for number in range(self.rounds))
        return (*rounds, *sums, "c′ = f ⊙ c + i ⊙ g", "h′ = o ⊙ tanh(c′)")

    def layer(self, width: int, size: int) -> RecurrentLayer:
        return MogrifierLayer(width, size, self.rounds, self.rank, self.weight_drop)


@final
class MogrifierLayer(LoopLayer):
    """A Mogrifier LSTM: rounds of gates on input and state, then a step of an LSTM with both.

    In odd rounds x = 2 sigmoid(Q h) x, in even ones h = 2 sigmoid(R x) h.
    """

    parts: ClassVar[int] = 2

    def __init__(
        self, width: int, size: int, rounds: int = 5, rank: int | None = None, weight_drop: float = 0.0
    ) -> None:
        """Build the layer.

        Args:
            width: Features of an input step.
            size: Units.
            rounds: Matrices Q and R, in turns.
            rank: Of those; each is then a product of two.
            weight_drop: Share of the LSTM's weights from the state dropped while training.
        """
        super().__init__(size)
        self.width, self.weight_drop = width, weight_drop
        self.weight_ih = nn.Parameter(torch.empty(4 * size, width))
        self.weight_hh = nn.Parameter(torch.empty(4 * size, size))
        self.bias = nn.Parameter(torch.zeros(4 * size))
        self.mogrifiers = nn.ParameterList()
        for number in range(rounds):
            outputs, inputs = (width, size) if number % 2 == 0 else (size, width)
            shapes = [(outputs, inputs)] if rank is None else [(rank, inputs), (outputs, rank)]
            self.mogrifiers.extend(nn.Parameter(torch.empty(shape)) for shape in shapes)
        self.rounds, self.factors = rounds, 1 if rank is None else 2

    def reset_parameters(self) -> None:
        initialise([("weight_ih", self.weight_ih), ("weight_hh", self.weight_hh)], self.size)
        for matrix in self.mogrifiers:
            nn.init.xavier_uniform_(matrix)
        nn.init.zeros_(self.bias)
        nn.init.ones_(self.bias.detach()[self.size : 2 * self.size])  # remember, at first

    def matrices(self) -> Sequence[Tensor]:
        recurrent = drop_weights(self.weight_hh, self.weight_drop if self.training else 0.0)
        return [torch.cat([self.weight_ih, recurrent], 1), *self.mogrifiers]

    def step(
        self, given: Float[Tensor, "batch width"], state: list[Tensor], products: Sequence[Product]
    ) -> tuple[Tensor, list[Tensor]]:
        lstm, *rounds = products
        hidden, cells = state
        for number in range(self.rounds):
            gate = hidden if number % 2 == 0 else given
            for product in rounds[number * self.factors : (number + 1) * self.factors]:
                gate = product(gate, None)
            if number % 2 == 0:
                given = 2 * gate.sigmoid() * given
            else:
                hidden = 2 * gate.sigmoid() * hidden
        i, f, g, o = (lstm(torch.cat([given, hidden], 1), None) + self.bias).chunk(4, 1)
        cells = f.sigmoid() * cells + i.sigmoid() * g.tanh()
        hidden = o.sigmoid() * cells.tanh()
        return hidden, [hidden, cells]
