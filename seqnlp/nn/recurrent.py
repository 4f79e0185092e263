"""Recurrent layers over dense, padded batches.

`pack_padded_sequence` would keep `nn.LSTM` from its fused kernel and make it two to three times slower. So
nothing is packed: the backward direction turns each sequence round within its own length, runs forward, and
is turned back. That is exact, and padding never reaches a real step.
"""

from typing import Any, Literal

import torch
from torch import _VF, Tensor, nn

from seqnlp.nn.dropout import Dropout
from seqnlp.nn.encoder import EncoderModule
from seqnlp.nn.initial import weights_are_drawn
from seqnlp.nn.padding import reversal, reverse
from seqnlp.nn.random import generator
from seqnlp.nn.states import States
from seqnlp.shapes import Bool, Float

Cell = Literal["tanh", "relu", "gru", "lstm"]


def _direction(cell: Cell, width: int, size: int) -> nn.RNNBase:
    if cell == "lstm":
        return nn.LSTM(width, size)
    if cell == "gru":
        return nn.GRU(width, size)
    return nn.RNN(width, size, nonlinearity=cell)


def _fused(layer: nn.Module, steps: Tensor, weights: list[Tensor], state: Any) -> tuple[Tensor, Any]:
    """Run the kernel of a layer with other weights than its own."""
    assert isinstance(layer, nn.RNNBase)
    if state is None:
        empty = steps.new_zeros(1, steps.shape[1], layer.hidden_size)
        state = (empty, empty) if isinstance(layer, nn.LSTM) else empty
    settings = (True, 1, 0.0, True, False, False)  # biases, layers, dropout, training, bidirectional, batch first
    if isinstance(layer, nn.LSTM):
        outputs, hidden, cells = _VF.lstm(steps, state, weights, *settings)
        return outputs, (hidden, cells)
    kernel = _VF.gru if isinstance(layer, nn.GRU) else _VF.rnn_tanh if layer.mode == "RNN_TANH" else _VF.rnn_relu
    outputs, last = kernel(steps, state, weights, *settings)
    return outputs, last


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
        weight_drop: float = 0.0,
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
            weight_drop: Share of the weights between a layer's steps dropped while training, the same ones in
                all of a batch (Merity et al., 2018).
        """
        super().__init__()
        self.size, self.residual, self.weight_drop = size, residual, weight_drop
        self.directions = 2 if bidirectional else 1
        self.width = size * self.directions
        widths = [width] + [self.width] * (layers - 1)
        self.layers = nn.ModuleList(
            nn.ModuleList(_direction(cell, each, size) for _ in range(self.directions)) for each in widths
        )
        self.dropout = Dropout(dropout, variational)
        if weights_are_drawn():
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
            outputs, last = self._run(layer[0], steps, state)
            after += last if isinstance(last, tuple) else [last]
            if order is not None:
                turned, _ = self._run(layer[1], reverse(steps.contiguous(), order), None)
                outputs = torch.cat([outputs, reverse(turned, order)], dim=-1)
            steps = outputs + steps if self.residual and outputs.shape == steps.shape else outputs
        return States(steps.transpose(0, 1), mask, after)

    def _run(self, layer: nn.Module, steps: Tensor, state: Any) -> tuple[Tensor, Any]:
        """One direction of one layer."""
        if not (self.training and self.weight_drop):
            return layer(steps, state)  # type: ignore[no-any-return]
        recurrent = layer.get_parameter("weight_hh_l0")
        kept = 1 - self.weight_drop
        mask = torch.empty_like(recurrent).bernoulli_(kept, generator=generator(recurrent.device)).div_(kept)
        # functional_call can't be used: the layer hands a list of weights of its own to the fused kernel
        weights = [layer.get_parameter(name) for name in ("weight_ih_l0", "bias_ih_l0", "bias_hh_l0")]
        return _fused(layer, steps, [weights[0], recurrent * mask, *weights[1:]], state)

    def _unpack(self, carry: list[Tensor], layer: int) -> Tensor | tuple[Tensor, Tensor]:
        each = len(carry) // len(self.layers)
        state = carry[layer * each : (layer + 1) * each]
        return state[0] if each == 1 else (state[0], state[1])
