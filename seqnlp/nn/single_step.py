"""One step of a recurrent layer at a time, where a loop can't be avoided.

`nn.LSTM` prepares its weights anew at each call. Here they are laid out once, before the loop. Where no gradient is
asked for, products in float32 are oneDNN's: on processors without MKL's favour they take half of the time.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import final

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from seqnlp.shapes import Float

ROWS = 64
"""The number of rows that oneDNN lays weights out for; other numbers are right too."""


def product(
    weight: Float[Tensor, "outputs inputs"], bias: Float[Tensor, " outputs"] | None
) -> Callable[[Tensor], Tensor]:
    """The map `inputs @ weight.T + bias`, laid out for many calls."""
    if torch.is_grad_enabled():
        return lambda inputs: linear(inputs, weight, bias)
    weight = weight.detach()
    if torch.is_autocast_enabled("cpu"):
        half = weight.to(torch.get_autocast_dtype("cpu"))
        return lambda inputs: linear(inputs, half, bias)
    if weight.dtype != torch.float32 or weight.device.type != "cpu" or not torch._C._has_mkldnn:
        return lambda inputs: linear(inputs, weight, bias)
    packed = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), ROWS)
    return lambda inputs: torch.ops.mkldnn._linear_pointwise(inputs, packed, bias, "none", [], "")


class Cell(ABC):
    """A layer's weights, laid out."""

    @abstractmethod
    def step(self, inputs: Float[Tensor, "rows width"], state: list[Tensor]) -> list[Tensor]:
        """The state after one more step; each part of shape (rows, size), the output first."""


@final
class LstmCell(Cell):
    """The equations of `nn.LSTM`."""

    def __init__(self, layer: nn.LSTM) -> None:
        w_input, w_hidden, b_input, b_hidden = _weights(layer)
        self._gates = product(torch.cat([w_input, w_hidden], 1), b_input + b_hidden)

    def step(self, inputs: Float[Tensor, "rows width"], state: list[Tensor]) -> list[Tensor]:
        """Hidden state and cells."""
        hidden, cells = state
        i, f, g, o = self._gates(torch.cat([inputs, hidden], 1)).chunk(4, 1)
        cells = f.sigmoid() * cells + i.sigmoid() * g.tanh()
        return [o.sigmoid() * cells.tanh(), cells]


@final
class GruCell(Cell):
    """The equations of `nn.GRU`."""

    def __init__(self, layer: nn.GRU) -> None:
        w_input, w_hidden, b_input, b_hidden = _weights(layer)
        self._inputs, self._hidden = product(w_input, b_input), product(w_hidden, b_hidden)

    def step(self, inputs: Float[Tensor, "rows width"], state: list[Tensor]) -> list[Tensor]:
        """Hidden state."""
        (hidden,) = state
        r_input, z_input, n_input = self._inputs(inputs).chunk(3, 1)
        r_hidden, z_hidden, n_hidden = self._hidden(hidden).chunk(3, 1)
        z = (z_input + z_hidden).sigmoid()
        n = (n_input + (r_input + r_hidden).sigmoid() * n_hidden).tanh()
        return [n + z * (hidden - n)]


def cell(layer: nn.Module) -> Cell:
    """The weights of `nn.LSTM` or `nn.GRU` with one layer, laid out."""
    if isinstance(layer, nn.LSTM):
        return LstmCell(layer)
    assert isinstance(layer, nn.GRU)
    return GruCell(layer)


def _weights(layer: nn.RNNBase) -> list[Tensor]:
    return [layer.get_parameter(name) for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")]
