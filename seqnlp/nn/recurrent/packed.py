"""Single steps for inference in float32 on a CPU: weights are packed once, and nothing is laid out between steps.

`nn.LSTM` prepares its weights anew at each call, which takes longer than the step itself. A layer that reads
tokens looks its product with their vectors up, and as a sigmoid is `(1 + tanh(x / 2)) / 2`, one tanh serves all
gates. Small arrays are numpy's, whose calls cost a third of torch's; products of several rows are oneDNN's, which
take half of the time of MKL's on processors without MKL's favour.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Literal, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import linear

from seqnlp.nn.device import CPU, autocast_dtype
from seqnlp.nn.stepper import Stepper
from seqnlp.shapes import Float, Int

Floats = NDArray[np.float32]

LARGEST_TABLE = 1 << 24
"""Numbers in a table of input products; those of a larger vocabulary are computed at each step."""

ROWS = 64
"""Rows that weights are packed for where their number is not known; other numbers are right too."""

_HALF = np.float32(0.5)


def can_pack(weight: Tensor) -> bool:
    """Check for inference in float32 on a CPU with oneDNN."""
    return not (
        torch.is_grad_enabled()
        or weight.dtype != torch.float32
        or weight.device != CPU
        or autocast_dtype(weight) != torch.float32
        or not torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    )


def packed_linear(
    weight: Float[Tensor, "outputs inputs"], bias: Float[Tensor, " outputs"] | None, rows: int = ROWS
) -> Callable[[Tensor], Tensor]:
    """Lay the map `inputs @ weight.T + bias` out for many calls, as exact as that and differentiable where asked.

    Args:
        weight: The matrix.
        bias: Added to each row.
        rows: Of an input, more or less.
    """
    if can_pack(weight):
        multiply = _packed(weight, bias, rows)
        return lambda inputs: torch.from_numpy(multiply(inputs.numpy()))
    if torch.is_grad_enabled():
        return lambda inputs: linear(inputs, weight, bias)
    weight, bias = weight.detach(), None if bias is None else bias.detach()
    weight = weight.to(autocast_dtype(weight))  # once, not at each call
    return lambda inputs: linear(inputs, weight, bias)


def _packed(weight: Tensor, bias: Tensor | None, rows: int) -> Callable[[Floats], Floats]:
    """Pack the weights of `packed_linear`, for arrays; the result is the caller's."""
    if rows == 1:
        matrix, row = np.ascontiguousarray(_array(weight).T), None if bias is None else _array(bias)

        def one(inputs: Floats) -> Floats:
            outputs: Floats = inputs @ matrix
            return outputs if row is None else np.add(outputs, row, out=outputs)

        return one
    packed = torch.ops.mkldnn._reorder_linear_weight(weight.detach().contiguous(), rows)
    added = None if bias is None else bias.detach()

    def several(inputs: Floats) -> Floats:
        source = torch.from_numpy(np.ascontiguousarray(inputs))
        outputs: Floats = torch.ops.mkldnn._linear_pointwise(source, packed, added, "none", [], "").numpy()
        return outputs

    return several


def _array(tensor: Tensor) -> Floats:
    numbers: Floats = tensor.detach().numpy()
    return numbers


class PackedStepper(Stepper, ABC):
    """A layer's packed weights, and its state in arrays."""

    parts = 1
    """Arrays of the state beside each other; the hidden state is the first."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._place(1, [])

    def load(self, state: list[Tensor] | None, rows: int = 1) -> None:
        """See `Stepper.load`."""
        self._place(rows, [] if state is None else [_array(part) for part in state])

    def step(self, inputs: Float[Tensor, "rows width"] | Int[Tensor, " rows"]) -> Float[Tensor, "rows features"]:
        """See `Stepper.step`."""
        self.update(inputs.numpy())
        return self._outputs

    def keep(self, rows: Int[Tensor, " chosen"]) -> None:
        """See `Stepper.keep`."""
        chosen = rows.numpy()
        self._place(len(chosen), [part[chosen] for part in self.state])

    def _place(self, rows: int, state: list[Floats]) -> None:
        """Make room for so many rows, and put a state there; zeros without one."""
        self.state = self.room(rows)
        for own, given in zip(self.state, state or [np.zeros(1, np.float32)] * self.parts, strict=True):
            own[:] = given
        self._outputs = torch.from_numpy(self.state[0])

    def room(self, rows: int) -> list[Floats]:
        """Allocate the state of so many rows."""
        return [np.empty((rows, self.size), np.float32) for _ in range(self.parts)]

    @abstractmethod
    def update(self, inputs: NDArray[Any]) -> None:
        """Compute the state after one more step, in place."""


class JoinedStepper(PackedStepper, ABC):
    """A layer whose gates are sums of both products, so that input and hidden state are multiplied as one array."""

    def __init__(self, weights: list[Tensor], rows: int, table: Tensor | None) -> None:
        """Pack the weights.

        Args:
            weights: Input and recurrent weights, input and recurrent biases.
            rows: Sequences that will be read at once, more or less.
            table: Vectors of tokens, where steps are given as their numbers.
        """
        size = weights[1].shape[1]
        w_input, w_hidden, b_input, b_hidden = (self.arranged(weight.detach(), size) for weight in weights)
        self._table: Floats | None = None
        self._products = False
        bias: Tensor | None = b_input + b_hidden
        self._width = w_input.shape[1]
        if table is not None:
            self._products = len(table) * len(w_input) <= LARGEST_TABLE
            if self._products:
                self._width, table, bias = 0, torch.addmm(b_input + b_hidden, table.detach(), w_input.t()), None
            self._table = _array(table)
        self._multiply = _packed(torch.cat([w_input[:, : self._width], w_hidden], 1), bias, rows)
        super().__init__(size)

    @staticmethod
    def arranged(weight: Tensor, size: int) -> Tensor:
        """Put the rows of gates into the order that they are used in, those of sigmoids halved."""
        return weight

    def room(self, rows: int) -> list[Floats]:
        """See `PackedStepper.room`."""
        self._joined = np.empty((rows, self._width + self.size), np.float32)
        others = [np.empty((rows, self.size), np.float32) for _ in range(self.parts - 1)]
        return [self._joined[:, self._width :], *others]

    def gates(self, inputs: NDArray[Any]) -> Floats:
        """Compute the sums of a step; shape (rows, gates x size)."""
        found = inputs if self._table is None else self._table[inputs]
        if self._products:
            gates = self._multiply(self._joined)
            gates += found
            return gates
        self._joined[:, : self._width] = found
        return self._multiply(self._joined)


@final
class PackedRnn(JoinedStepper):
    """Steps of a tanh or ReLU layer."""

    def __init__(
        self, weights: list[Tensor], rows: int, table: Tensor | None, activation: Literal["tanh", "relu"]
    ) -> None:
        super().__init__(weights, rows, table)
        self._activation = activation

    def update(self, inputs: NDArray[Any]) -> None:
        """See `PackedStepper.update`."""
        if self._activation == "tanh":
            np.tanh(self.gates(inputs), out=self.state[0])
        else:
            np.maximum(self.gates(inputs), 0, out=self.state[0])


@final
class PackedLstm(JoinedStepper):
    """Steps of an LSTM."""

    parts = 2

    @staticmethod
    def arranged(weight: Tensor, size: int) -> Tensor:
        """See `JoinedStepper.arranged`."""
        i, f, g, o = torch.split(weight, size)
        return torch.cat([i / 2, f / 2, o / 2, g])

    def update(self, inputs: NDArray[Any]) -> None:
        """See `PackedStepper.update`."""
        gates, size, (hidden, cells) = self.gates(inputs), self.size, self.state
        np.tanh(gates, out=gates)
        sigmoids, i = gates[:, : 3 * size], gates[:, :size]
        np.multiply(sigmoids, _HALF, out=sigmoids)
        np.add(sigmoids, _HALF, out=sigmoids)
        np.multiply(cells, gates[:, size : 2 * size], out=cells)
        np.multiply(i, gates[:, 3 * size :], out=i)
        np.add(cells, i, out=cells)
        np.tanh(cells, out=hidden)
        np.multiply(hidden, gates[:, 2 * size : 3 * size], out=hidden)


@final
class PackedGru(PackedStepper):
    """Steps of gated recurrent units, whose candidate takes the two products apart."""

    def __init__(self, weights: list[Tensor], rows: int, table: Tensor | None) -> None:
        """Pack the weights. See `JoinedStepper.__init__`."""
        size = weights[1].shape[1]
        w_input, w_hidden, b_input, b_hidden = (self._arranged(weight.detach(), size) for weight in weights)
        outer, inner = b_input + b_hidden, b_hidden.clone()
        outer[2 * size :], inner[: 2 * size] = b_input[2 * size :], 0
        self._multiply = _packed(w_hidden, inner, rows)
        self._table = None if table is None else _array(table)
        self._inputs: Callable[[Floats], Floats] | None = None
        if table is not None and len(table) * len(w_input) <= LARGEST_TABLE:
            self._table = _array(torch.addmm(outer, table.detach(), w_input.t()))
        else:
            self._inputs = _packed(w_input, outer, rows)
        super().__init__(size)

    @staticmethod
    def _arranged(weight: Tensor, size: int) -> Tensor:
        r, z, n = torch.split(weight, size)
        return torch.cat([r / 2, z / 2, n])

    def update(self, inputs: NDArray[Any]) -> None:
        """See `PackedStepper.update`."""
        found = inputs if self._table is None else self._table[inputs]
        given = found if self._inputs is None else self._inputs(found)
        (hidden,), size = self.state, self.size
        gates = self._multiply(hidden)
        sigmoids, n = gates[:, : 2 * size], gates[:, 2 * size :]
        np.add(sigmoids, given[:, : 2 * size], out=sigmoids)
        np.tanh(sigmoids, out=sigmoids)
        np.multiply(sigmoids, _HALF, out=sigmoids)
        np.add(sigmoids, _HALF, out=sigmoids)
        np.multiply(n, gates[:, :size], out=n)
        np.add(n, given[:, 2 * size :], out=n)
        np.tanh(n, out=n)
        np.subtract(hidden, n, out=hidden)
        np.multiply(hidden, gates[:, size : 2 * size], out=hidden)
        np.add(hidden, n, out=hidden)
