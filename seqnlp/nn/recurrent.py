"""Recurrent layers over dense, padded batches.

`pack_padded_sequence` would keep `nn.LSTM` from its fused kernel and make it two to three times slower. So
nothing is packed: the backward direction turns each sequence round within its own length, runs forward, and
is turned back. That is exact, and padding never reaches a real step.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from seqnlp.nn.dropout import Dropout
from seqnlp.nn.encoder import EncoderModule
from seqnlp.nn.padding import reversal, reverse
from seqnlp.nn.states import States
from seqnlp.shapes import Bool, Float

Cell = Literal["tanh", "relu", "gru", "lstm"]


def _direction(cell: Cell, width: int, size: int) -> nn.RNNBase:
    if cell == "lstm":
        return nn.LSTM(width, size)
    if cell == "gru":
        return nn.GRU(width, size)
    return nn.RNN(width, size, nonlinearity=cell)


class Recurrent(EncoderModule):
    """A stack of recurrent layers, forward or in both directions.

    Equations: Elman (1990) for `tanh` and `relu`; Cho et al. (2014) in cuDNN's form for `gru`; Hochreiter and
    Schmidhuber (1997) with forget gate for `lstm`.
    """

    def __init__(
        self,
        cell: Cell,
        width: int,
        size: int,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        variational: bool = True,
        residual: bool = False,
    ) -> None:
        """Build the layers.

        Args:
            cell: The recurrence.
            width: Features of an input step.
            size: Units of each direction.
            layers: Layers on top of each other.
            bidirectional: Whether each layer also reads backwards; its output is both, side by side.
            dropout: Share of features dropped between layers (not before the first, nor after the last).
            variational: One dropout mask a sequence instead of one a step.
            residual: Add each layer's input to its output wherever their widths agree.
        """
        super().__init__()
        self.size, self.residual = size, residual
        self.directions = 2 if bidirectional else 1
        self.width = size * self.directions
        widths = [width] + [self.width] * (layers - 1)
        self.layers = nn.ModuleList(
            nn.ModuleList(_direction(cell, each, size) for _ in range(self.directions)) for each in widths
        )
        self.dropout = Dropout(dropout, variational)
        self._initialise()

    def _initialise(self) -> None:
        for name, parameter in self.named_parameters():
            if "weight_hh" in name:
                for gate in torch.split(parameter.detach(), self.size):
                    nn.init.orthogonal_(gate)
            elif "weight_ih" in name:
                for gate in torch.split(parameter.detach(), self.size):
                    nn.init.xavier_uniform_(gate)
            else:
                nn.init.zeros_(parameter)
                if parameter.shape[0] == 4 * self.size and "bias_ih" in name:
                    nn.init.ones_(parameter.detach()[self.size : 2 * self.size])  # remember, at first

    def forward(
        self,
        inputs: Float[Tensor, "batch time width"],
        mask: Bool[Tensor, "batch time"],
        carry: list[Tensor] | None = None,
    ) -> States:
        """Run the layers.

        Args:
            inputs: The embedded sequences.
            mask: True on real steps.
            carry: The state to go on from, as an earlier call returned it; forward layers only.
        """
        steps = inputs.transpose(0, 1)
        order = reversal(mask) if self.directions == 2 else None
        after: list[Tensor] = []
        for number, layer in enumerate(self.layers):
            if number:
                steps = self.dropout(steps.transpose(0, 1)).transpose(0, 1)
            assert isinstance(layer, nn.ModuleList)
            state = None if carry is None else self._unpack(carry, number)
            outputs, last = layer[0](steps, state)
            after += last if isinstance(last, tuple) else [last]
            if order is not None:
                turned, _ = layer[1](reverse(steps.contiguous(), order))
                outputs = torch.cat([outputs, reverse(turned, order)], dim=-1)
            steps = outputs + steps if self.residual and outputs.shape == steps.shape else outputs
        return States(steps.transpose(0, 1), mask, after)

    def _unpack(self, carry: list[Tensor], layer: int) -> Tensor | tuple[Tensor, Tensor]:
        each = len(carry) // len(self.layers)
        state = carry[layer * each : (layer + 1) * each]
        return state[0] if each == 1 else (state[0], state[1])
