"""Recurrent layers: their contract, and those with torch's kernels (tanh or ReLU networks, GRU, LSTM)."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal, final

import torch
from torch import Tensor, nn

from seqnlp.nn.device import CPU, autocast, autocast_recurrent_to_fp16
from seqnlp.nn.dropout import drop_weights
from seqnlp.nn.encoder import Stepper, TensorStepper
from seqnlp.nn.recurrent.gru import gru, trains_in_float32
from seqnlp.nn.recurrent.packed import PackedGru, PackedLstm, PackedRnn, can_pack
from seqnlp.shapes import Float

Inputs = Float[Tensor, "time batch width"]
Outputs = Float[Tensor, "time batch size"]


class RecurrentLayer(nn.Module, ABC):
    """One direction of one recurrent layer, over time-major steps."""

    size: int
    """Features of an output step."""
    parts: ClassVar[int] = 1
    """Tensors of a state."""

    @abstractmethod
    def forward(self, steps: Inputs, state: list[Tensor] | None) -> tuple[Outputs, list[Tensor]]:
        """Read all steps.

        Args:
            steps: The inputs.
            state: The state to go on from; None: that before the first step. The first axis of each tensor is
                the batch.

        Returns:
            The outputs, and the state after the last step.
        """

    @abstractmethod
    def reset_parameters(self) -> None:
        """Draw fresh weights."""

    def zeros(self, inputs: Float[Tensor, "batch width"]) -> list[Tensor]:
        """Make the state before the first step."""
        return [inputs.new_zeros(len(inputs), self.size)] * self.parts

    def stepper(self, rows: int = 1, table: Float[Tensor, "tokens width"] | None = None) -> Stepper:
        """Make a stepper with the present weights. See `EncoderModule.stepper`."""
        return TensorStepper(self._one_step, table)

    def _one_step(self, inputs: Tensor, state: list[Tensor] | None) -> tuple[Tensor, list[Tensor]]:
        outputs, state = self(inputs[None], state)
        return outputs[0], state


Activation = Literal["tanh", "relu"]

SETTINGS = (True, 1, 0.0)
"""Arguments of the kernels: biases, one layer, no dropout."""


def initialise(parameters: Sequence[tuple[str, nn.Parameter]], size: int) -> None:
    """Draw gate by gate: orthogonal recurrent weights (Saxe et al., 2014), Glorot's input weights, no biases."""
    for name, parameter in parameters:
        if "weight_hh" in name:
            for gate in torch.split(parameter.detach(), size):
                nn.init.orthogonal_(gate)
        elif "weight_ih" in name:
            for gate in torch.split(parameter.detach(), size):
                nn.init.xavier_uniform_(gate)
        elif "bias" in name:
            nn.init.zeros_(parameter)


class KernelLayer(RecurrentLayer, ABC):
    """A layer of torch's, whose kernel reads all steps in one call."""

    def __init__(self, rnn: nn.RNNBase, weight_drop: float = 0.0) -> None:
        """Take the layer.

        Args:
            rnn: Of one layer and direction, with biases.
            weight_drop: Share of the weights between steps dropped while training, the same ones in all of a
                batch (Merity et al., 2018).
        """
        super().__init__()
        self.rnn, self.size, self.weight_drop = rnn, rnn.hidden_size, weight_drop

    def reset_parameters(self) -> None:
        initialise(list(self.rnn.named_parameters()), self.size)

    def forward(self, steps: Inputs, state: list[Tensor] | None) -> tuple[Outputs, list[Tensor]]:
        if autocast_recurrent_to_fp16(steps):  # without a scaler small gradients would vanish; TF32 is as fast
            with autocast(steps.device, None):
                return self.forward(steps.float(), None if state is None else [part.float() for part in state])
        given = self.zeros(steps[0]) if state is None else state
        return self.kernel(steps, [part.unsqueeze(0).contiguous() for part in given], self._weights())

    def stepper(self, rows: int = 1, table: Float[Tensor, "tokens width"] | None = None) -> Stepper:
        weights = self._weights()
        if can_pack(weights[0]):
            return self.packed(weights, rows, table)

        def advance(inputs: Tensor, state: list[Tensor] | None) -> tuple[Tensor, list[Tensor]]:
            after = self.cell(inputs, self.zeros(inputs) if state is None else state, weights)
            return after[0], after

        return TensorStepper(advance, table)

    @abstractmethod
    def kernel(self, steps: Inputs, state: list[Tensor], weights: list[Tensor]) -> tuple[Outputs, list[Tensor]]:
        """Run torch's kernel with other weights than the layer's own.

        Args:
            steps: The inputs.
            state: Each part of shape (1, batch, size).
            weights: Input and recurrent weights, input and recurrent biases.
        """

    @abstractmethod
    def cell(self, inputs: Float[Tensor, "batch width"], state: list[Tensor], weights: list[Tensor]) -> list[Tensor]:
        """Compute the state after one step, the output first, with torch's cell: it lays no weights out."""

    @abstractmethod
    def packed(self, weights: list[Tensor], rows: int, table: Float[Tensor, "tokens width"] | None) -> Stepper:
        """Make the stepper for inference in float32 on a CPU."""

    def _trains(self, steps: Tensor) -> bool:
        """Flag of the kernel: without it cuDNN keeps nothing for a backward pass, which evaluation may ask for, too."""
        return self.training or (steps.device != CPU and torch.is_grad_enabled())

    def _weights(self) -> list[Tensor]:
        inputs, recurrent, *biases = (
            self.rnn.get_parameter(name) for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
        )
        return [inputs, drop_weights(recurrent, self.weight_drop if self.training else 0.0), *biases]


@final
class RnnLayer(KernelLayer):
    """A simple recurrent layer (Elman, 1990): h' = f(W x + b + U h + c)."""

    def __init__(self, width: int, size: int, weight_drop: float = 0.0, activation: Activation = "tanh") -> None:
        super().__init__(nn.RNN(width, size, nonlinearity=activation), weight_drop)
        self.activation = activation

    def kernel(self, steps: Inputs, state: list[Tensor], weights: list[Tensor]) -> tuple[Outputs, list[Tensor]]:
        run = torch.rnn_tanh if self.activation == "tanh" else torch.rnn_relu
        outputs, hidden = run(steps, state[0], weights, *SETTINGS, self._trains(steps), False, False)
        return outputs, [hidden[0]]

    def cell(self, inputs: Float[Tensor, "batch width"], state: list[Tensor], weights: list[Tensor]) -> list[Tensor]:
        run = torch.rnn_tanh_cell if self.activation == "tanh" else torch.rnn_relu_cell
        return [run(inputs, state[0], *weights)]

    def packed(self, weights: list[Tensor], rows: int, table: Float[Tensor, "tokens width"] | None) -> PackedRnn:
        return PackedRnn(weights, rows, table, self.activation)


@final
class GruLayer(KernelLayer):
    """Gated recurrent units (Cho et al., 2014) in cuDNN's form, where the reset gate comes after the product."""

    def __init__(self, width: int, size: int, weight_drop: float = 0.0) -> None:
        super().__init__(nn.GRU(width, size), weight_drop)

    def kernel(self, steps: Inputs, state: list[Tensor], weights: list[Tensor]) -> tuple[Outputs, list[Tensor]]:
        if trains_in_float32(steps):
            outputs, last = gru(steps, state[0][0], weights)
            return outputs, [last]
        outputs, hidden = torch.gru(steps, state[0], weights, *SETTINGS, self._trains(steps), False, False)
        return outputs, [hidden[0]]

    def cell(self, inputs: Float[Tensor, "batch width"], state: list[Tensor], weights: list[Tensor]) -> list[Tensor]:
        return [torch.gru_cell(inputs, state[0], *weights)]

    def packed(self, weights: list[Tensor], rows: int, table: Float[Tensor, "tokens width"] | None) -> PackedGru:
        return PackedGru(weights, rows, table)


@final
class LstmLayer(KernelLayer):
    """Long short-term memory (Hochreiter and Schmidhuber, 1997) with forget gate (Gers et al., 2000)."""

    parts: ClassVar[int] = 2

    def __init__(self, width: int, size: int, weight_drop: float = 0.0) -> None:
        super().__init__(nn.LSTM(width, size), weight_drop)

    def reset_parameters(self) -> None:
        super().reset_parameters()
        bias = self.rnn.get_parameter("bias_ih_l0").detach()
        nn.init.ones_(bias[self.size : 2 * self.size])  # remember, at first

    def kernel(self, steps: Inputs, state: list[Tensor], weights: list[Tensor]) -> tuple[Outputs, list[Tensor]]:
        outputs, hidden, cells = torch.lstm(steps, state, weights, *SETTINGS, self._trains(steps), False, False)
        return outputs, [hidden[0], cells[0]]

    def cell(self, inputs: Float[Tensor, "batch width"], state: list[Tensor], weights: list[Tensor]) -> list[Tensor]:
        return list(torch.lstm_cell(inputs, state, *weights))

    def packed(self, weights: list[Tensor], rows: int, table: Float[Tensor, "tokens width"] | None) -> PackedLstm:
        return PackedLstm(weights, rows, table)
