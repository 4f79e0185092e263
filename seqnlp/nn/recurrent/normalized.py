"""Layer-normalised recurrent layers (Ba et al., 2016, and the equations of its supplement)."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, final

import torch
from torch import Tensor, nn

from seqnlp.nn.dropout import drop_weights
from seqnlp.nn.recurrent.layers import Activation, Inputs, initialise
from seqnlp.nn.recurrent.loop import LoopLayer, Product
from seqnlp.shapes import Float

Gates = Float[Tensor, "time batch gates"]


class NormalizedLayer(LoopLayer, ABC):
    """Input and recurrent weights, whose products are normalised; all biases are those of the normalisations."""

    def __init__(self, width: int, size: int, gates: int, weight_drop: float) -> None:
        super().__init__(size)
        self.weight_ih = nn.Parameter(torch.empty(gates * size, width))
        self.weight_hh = nn.Parameter(torch.empty(gates * size, size))
        self.weight_drop = weight_drop

    def reset_parameters(self) -> None:
        initialise([("weight_ih", self.weight_ih), ("weight_hh", self.weight_hh)], self.size)

    def matrices(self) -> Sequence[Tensor]:
        return [drop_weights(self.weight_hh, self.weight_drop if self.training else 0.0)]

    def prepare(self, steps: Inputs) -> Gates:
        return self.normalized(steps @ self.weight_ih.t())

    @abstractmethod
    def normalized(self, sums: Gates) -> Gates:
        """Normalise the products with the inputs."""


@final
class NormalizedRnnLayer(NormalizedLayer):
    """A normalised simple layer: h' = f(LN(W x + U h))."""

    def __init__(self, width: int, size: int, weight_drop: float = 0.0, activation: Activation = "tanh") -> None:
        super().__init__(width, size, 1, weight_drop)
        self.norm = nn.LayerNorm(size)
        self._activation = torch.tanh if activation == "tanh" else torch.relu

    def normalized(self, sums: Gates) -> Gates:
        """Leave them: both products are normalised together."""
        return sums

    def step(self, given: Tensor, state: list[Tensor], products: Sequence[Product]) -> tuple[Tensor, list[Tensor]]:
        hidden = self._activation(self.norm(products[0](state[0], given)))
        return hidden, [hidden]


@final
class NormalizedGruLayer(NormalizedLayer):
    """A normalised GRU: (r, z) = sigmoid(LN(W x) + LN(U h)), n = tanh(LN(V x) + r LN(R h)), h' = (1 - z) n + z h."""

    def __init__(self, width: int, size: int, weight_drop: float = 0.0) -> None:
        super().__init__(width, size, 3, weight_drop)
        self.norm_ih, self.norm_hh = nn.LayerNorm(2 * size), nn.LayerNorm(2 * size)
        self.norm_in, self.norm_hn = nn.LayerNorm(size), nn.LayerNorm(size)

    def normalized(self, sums: Gates) -> Gates:
        gates, candidates = sums[..., : 2 * self.size], sums[..., 2 * self.size :]
        return torch.cat([self.norm_ih(gates), self.norm_in(candidates)], -1)

    def step(self, given: Tensor, state: list[Tensor], products: Sequence[Product]) -> tuple[Tensor, list[Tensor]]:
        (hidden,), twice = state, 2 * self.size
        sums = products[0](hidden, None)
        r, z = (given[:, :twice] + self.norm_hh(sums[:, :twice])).sigmoid().chunk(2, 1)
        n = (given[:, twice:] + r * self.norm_hn(sums[:, twice:])).tanh()
        hidden = n + z * (hidden - n)
        return hidden, [hidden]


@final
class NormalizedLstmLayer(NormalizedLayer):
    """A normalised LSTM.

    (i, f, g, o) = LN(W x) + LN(U h), c' = sigmoid(f) c + sigmoid(i) tanh(g), h' = sigmoid(o) tanh(LN(c')).
    """

    parts: ClassVar[int] = 2

    def __init__(self, width: int, size: int, weight_drop: float = 0.0) -> None:
        super().__init__(width, size, 4, weight_drop)
        self.norm_ih, self.norm_hh = nn.LayerNorm(4 * size), nn.LayerNorm(4 * size)
        self.norm_c = nn.LayerNorm(size)

    def reset_parameters(self) -> None:
        super().reset_parameters()
        nn.init.ones_(self.norm_ih.bias.detach()[self.size : 2 * self.size])  # remember, at first

    def normalized(self, sums: Gates) -> Gates:
        normalized: Tensor = self.norm_ih(sums)
        return normalized

    def step(self, given: Tensor, state: list[Tensor], products: Sequence[Product]) -> tuple[Tensor, list[Tensor]]:
        hidden, cells = state
        i, f, g, o = (given + self.norm_hh(products[0](hidden, None))).chunk(4, 1)
        cells = f.sigmoid() * cells + i.sigmoid() * g.tanh()
        hidden = o.sigmoid() * self.norm_c(cells).tanh()
        return hidden, [hidden, cells]
