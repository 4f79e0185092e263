"""Stacks of recurrent layers over dense, padded batches.

`pack_padded_sequence` would keep `nn.LSTM` from its fused kernel and make it two to three times slower. So
nothing is packed: the backward direction turns each sequence round within its own length, runs forward, and
is turned back. That is exact, and padding never reaches a real step.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import final

import torch
from torch import Tensor, nn

from seqnlp.nn.dropout import Dropout
from seqnlp.nn.encoder import EncoderModule, Mask, States, Stepper, Vectors
from seqnlp.nn.initial import weights_are_drawn
from seqnlp.nn.padding import reversal, reverse
from seqnlp.nn.recurrent.layers import RecurrentLayer
from seqnlp.shapes import Float, Int


@final
class RecurrentStack(EncoderModule):
    """Stack of recurrent layers of one kind, in one or both directions."""

    def __init__(
        self,
        layer: Callable[[int], RecurrentLayer],
        width: int,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        variational: bool = True,
        residual: bool = False,
    ) -> None:
        """Build the layers.

        Args:
            layer: Makes one direction of a layer for inputs of some width.
            width: Features of an input step.
            layers: Stacked layers.
            bidirectional: Whether each layer also reads backwards; its output is both, side by side.
            dropout: Share of features dropped between layers (not before the first, nor after the last).
            variational: One dropout mask a sequence instead of one a step.
            residual: Add each layer's input to its output wherever their widths agree.
        """
        super().__init__()
        self.residual, self.directions = residual, 2 if bidirectional else 1
        self.layers, self.width = nn.ModuleList(), width
        self.sums = 0
        """Number of layers whose input is added to their output."""
        for _ in range(layers):
            directions = [layer(self.width) for _ in range(self.directions)]
            self.layers.append(nn.ModuleList(directions))
            before, self.width = self.width, sum(each.size for each in directions)
            self.sums += residual and before == self.width
        self.dropout = Dropout(dropout, variational)
        if weights_are_drawn():
            for each in self.modules():
                if isinstance(each, RecurrentLayer):
                    each.reset_parameters()

    def forward(self, inputs: Vectors, mask: Mask, state: list[Tensor] | None = None) -> States:
        """Run the layers; only forward ones can go on from a state."""
        after: list[Tensor] = []
        for steps in self._layer_by_layer(inputs, mask, state, after):
            outputs = steps
        return States(outputs.transpose(0, 1), mask, after)

    def every_layer(self, inputs: Vectors, mask: Mask, state: list[Tensor] | None = None) -> list[States]:
        after: list[Tensor] = []
        layers = list(self._layer_by_layer(inputs, mask, state, after))
        return [States(steps.transpose(0, 1), mask, after) for steps in layers]

    def _layer_by_layer(
        self, inputs: Tensor, mask: Tensor, state: list[Tensor] | None, after: list[Tensor]
    ) -> Iterator[Tensor]:
        """Yield the outputs of each layer, shape (time, batch, width); its last state is added to `after`."""
        steps = inputs.transpose(0, 1)
        order = reversal(mask) if self.directions == 2 else None
        for number, (layer, given) in enumerate(zip(self.layers, shares(state, len(self.layers)), strict=True)):
            if number:
                steps = self.dropout(steps.transpose(0, 1)).transpose(0, 1)
            assert isinstance(layer, nn.ModuleList)
            outputs, last = layer[0](steps, given)
            after += last
            if order is not None:
                turned, _ = layer[1](reverse(steps.contiguous(), order), None)
                outputs = torch.cat([outputs, reverse(turned, order)], dim=-1)
            steps = outputs + steps if self.residual and outputs.shape == steps.shape else outputs
            yield steps

    @property
    def stacked(self) -> Sequence[nn.Module]:
        return list(self.layers)

    def stepper(self, rows: int = 1, table: Float[Tensor, "tokens width"] | None = None) -> Stepper:
        if self.directions == 2:
            raise ValueError("bidirectional layers can't be stepped: they read ahead")
        if self.training and self.dropout.rate and len(self.layers) > 1:
            return super().stepper(rows, table)
        steppers = []
        for number, layer in enumerate(self.layers):
            assert isinstance(layer, nn.ModuleList)
            assert isinstance(layer[0], RecurrentLayer)
            steppers.append(layer[0].stepper(rows, None if number else table))
        return StackStepper(steppers, self.residual, table)


@final
class StackStepper(Stepper):
    """The steppers of layers on top of each other."""

    def __init__(
        self, layers: list[Stepper], residual: bool, table: Float[Tensor, "tokens width"] | None = None
    ) -> None:
        self._layers, self._residual = layers, residual
        self._table = None if table is None else table.detach()

    def load(self, state: list[Tensor] | None, rows: int = 1) -> None:
        for layer, given in zip(self._layers, shares(state, len(self._layers)), strict=True):
            layer.load(given, rows)

    def step(self, inputs: Float[Tensor, "rows width"] | Int[Tensor, " rows"]) -> Float[Tensor, "rows features"]:
        for number, layer in enumerate(self._layers):
            outputs = layer.step(inputs)
            if self._residual:
                # the first layer may be given tokens, whose vectors are then its inputs
                below = inputs if number or self._table is None else self._table[inputs]
                outputs = outputs + below if outputs.shape == below.shape else outputs
            inputs = outputs
        return inputs

    def keep(self, rows: Int[Tensor, " chosen"]) -> None:
        for layer in self._layers:
            layer.keep(rows)


def shares(state: list[Tensor] | None, layers: int) -> Sequence[list[Tensor] | None]:
    """Divide a stack's state among its layers: each has as many tensors."""
    if state is None:
        return [None] * layers
    each = len(state) // layers
    return [state[number * each : (number + 1) * each] for number in range(layers)]
