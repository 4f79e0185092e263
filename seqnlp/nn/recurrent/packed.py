"""Single steps for inference in float32 on a CPU: weights are packed once, and nothing is laid out between steps.

`nn.LSTM` prepares its weights anew at each call, which takes longer than the step itself. A layer that reads
tokens looks its product with their vectors up. Small arrays are numpy's, whose calls cost a third of torch's; and as
a sigmoid is `(1 + tanh(x / 2)) / 2`, one tanh then serves all gates. Large products of several rows are oneDNN's,
which take half of the time of MKL's on processors without MKL's favour.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Literal, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import linear

from seqnlp.nn.device import CPU, NumpyView, autocast_dtype, to_numpy
from seqnlp.nn.encoder import Stepper
from seqnlp.nn.private import onednn_linear
from seqnlp.shapes import Float, Int

Floats = NDArray[np.float32]

LARGEST_TABLE = 1 << 24
"""Numbers in a table of input products; those of a larger vocabulary are computed at each step."""

ROWS = 64
"""Rows that weights are packed for where their number is not known; other numbers are right too."""

LEAST_FOR_ONEDNN = 1 << 19
"""Multiplications from which oneDNN's product is worth the time that each call of it takes besides."""

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
    weight: Float[Tensor, "outputs inputs"],
    bias: Float[Tensor, " outputs"] | None,
    rows: int = ROWS,
    reuse: bool = False,
) -> Callable[[Tensor], Tensor]:
    """Lay the map `inputs @ weight.T + bias` out for many calls.

    It is as exact as that, and differentiable where gradients are enabled.

    Args:
        weight: The matrix.
        bias: Added to each row.
        rows: Of an input, more or less.
        reuse: Whether a call may overwrite the result of the one before.
    """
    if can_pack(weight):
        return _on_tensors(_packed(weight, bias, rows, reuse))
    if torch.is_grad_enabled():
        return lambda inputs: linear(inputs, weight, bias)
    weight, bias = weight.detach(), None if bias is None else bias.detach()
    weight = weight.to(autocast_dtype(weight))  # once, not at each call
    return lambda inputs: linear(inputs, weight, bias)


def _on_tensors(multiply: Callable[[Floats], Floats]) -> Callable[[Tensor], Tensor]:
    view, last = NumpyView(), np.empty(0, np.float32)
    outputs = torch.from_numpy(last)

    def linear_map(inputs: Tensor) -> Tensor:
        nonlocal last, outputs
        found = multiply(view(inputs))
        if found is not last:  # for one row it may be the same array at each call
            last, outputs = found, torch.from_numpy(found)
        return outputs

    return linear_map


def _packed(weight: Tensor, bias: Tensor | None, rows: int, reuse: bool = False) -> Callable[[Floats], Floats]:
    """Pack the weights of `packed_linear`, for arrays."""
    if rows * weight.numel() < LEAST_FOR_ONEDNN or rows == 1:
        packed = _aligned(weight.detach().t())
        matrix, row = to_numpy(packed), None if bias is None else to_numpy(bias)
        kept = to_numpy(packed.new_empty(rows, len(weight))) if reuse else None

        def of_numpy(inputs: Floats) -> Floats:
            outputs: Floats
            if kept is not None and len(inputs) == rows:
                outputs = kept
            else:
                outputs = to_numpy(packed.new_empty(len(inputs), len(weight)))
            np.matmul(inputs, matrix, out=outputs)
            return outputs if row is None else np.add(outputs, row, out=outputs)

        return of_numpy
    kept_weight, added = weight.detach().contiguous(), None if bias is None else bias.detach()
    product = onednn_linear(kept_weight, added, rows)

    def several(inputs: Floats) -> Floats:
        source = torch.from_numpy(np.ascontiguousarray(inputs))
        return to_numpy(linear(source, kept_weight, added) if product is None else product(source))

    return several


def _aligned(weight: Tensor) -> Tensor:
    """Copy a matrix to where torch begins its tensors: numpy's products are slower from elsewhere in a cache line."""
    return weight.clone(memory_format=torch.contiguous_format)


class PackedStepper(Stepper, ABC):
    """A layer's packed weights, and its state in arrays."""

    parts = 1
    """Arrays of the state beside each other; the hidden state is the first."""

    def __init__(self, size: int, rows: int) -> None:
        self.size, self.halved, self._view = size, rows == 1, NumpyView()
        self._place(1, [])

    def load(self, state: list[Tensor] | None, rows: int = 1) -> None:
        self._place(rows, [] if state is None else [to_numpy(part) for part in state])

    def step(self, inputs: Float[Tensor, "rows width"] | Int[Tensor, " rows"]) -> Float[Tensor, "rows features"]:
        self.update(self._view(inputs))
        return self._outputs

    def keep(self, rows: Int[Tensor, " chosen"]) -> None:
        chosen = to_numpy(rows)
        self._place(len(chosen), [part[chosen] for part in self.state])

    def _place(self, rows: int, state: list[Floats]) -> None:
        """Make room for so many rows, and put a state there; zeros without one."""
        self.state = self.room(rows)
        for own, given in zip(self.state, state or [np.zeros(1, np.float32)] * self.parts, strict=True):
            own[:] = given
        self._outputs = torch.from_numpy(self.state[0])

    def sigmoid(self, sums: Floats) -> None:
        """Apply the sigmoid in place, to sums that `arranged` weights gave."""
        if self.halved:
            np.tanh(sums, out=sums)
            np.multiply(sums, _HALF, out=sums)
            np.add(sums, _HALF, out=sums)
        else:  # torch's takes half of the time of a tanh
            torch.from_numpy(sums).sigmoid_()

    def room(self, rows: int) -> list[Floats]:
        """Allocate the state of so many rows."""
        return [np.empty((rows, self.size), np.float32) for _ in range(self.parts)]

    @abstractmethod
    def update(self, inputs: NDArray[Any]) -> None:
        """Compute the state after one more step, in place."""


class JoinedStepper(PackedStepper, ABC):
    """Layer whose gates are sums: input and hidden state are multiplied as one array."""

    def __init__(self, weights: list[Tensor], rows: int, table: Tensor | None) -> None:
        """Pack the weights.

        Args:
            weights: Input and recurrent weights, input and recurrent biases.
            rows: Sequences that will be read at once, more or less.
            table: Vectors of tokens, where steps are given as their numbers.
        """
        size = weights[1].shape[1]
        w_input, w_hidden, b_input, b_hidden = (self.arranged(each.detach(), size, rows) for each in weights)
        self._table: Floats | None = None
        bias: Tensor | None = b_input + b_hidden
        self._width = w_input.shape[1]
        if table is not None:
            if len(table) * len(w_input) <= LARGEST_TABLE:
                self._width, table, bias = 0, torch.addmm(b_input + b_hidden, table.detach(), w_input.t()), None
            self._table = to_numpy(table)
        self._bias = None if bias is None else to_numpy(bias)
        self._summed = len(w_hidden)
        self._multiply = _packed(torch.cat([w_input[:, : self._width], w_hidden], 1), None, rows, reuse=True)
        super().__init__(size, rows)

    @staticmethod
    def arranged(weight: Tensor, size: int, rows: int) -> Tensor:
        """Order the rows of gates as they are used; halve those of sigmoids for one sequence."""
        return weight

    def room(self, rows: int) -> list[Floats]:
        self._joined = np.empty((rows, self._width + self.size), np.float32)
        self._sums = np.empty((rows, self._summed), np.float32)
        others = [np.empty((rows, self.size), np.float32) for _ in range(self.parts - 1)]
        return [self._joined[:, self._width :], *others]

    def gates(self, inputs: NDArray[Any]) -> Floats:
        """Compute the sums of a step; shape (rows, gates x size)."""
        found = inputs if self._table is None else self._table[inputs]
        if self._bias is not None:
            self._joined[:, : self._width], found = found, self._bias
        np.add(self._multiply(self._joined), found, out=self._sums)
        return self._sums


@final
class PackedRnn(JoinedStepper):
    """Steps of a tanh or ReLU layer."""

    def __init__(
        self, weights: list[Tensor], rows: int, table: Tensor | None, activation: Literal["tanh", "relu"]
    ) -> None:
        super().__init__(weights, rows, table)
        self._activation = activation

    def update(self, inputs: NDArray[Any]) -> None:
        if self._activation == "tanh":
            np.tanh(self.gates(inputs), out=self.state[0])
        else:
            np.maximum(self.gates(inputs), 0, out=self.state[0])


@final
class PackedLstm(JoinedStepper):
    """Steps of an LSTM."""

    parts = 2

    _gates: Floats | None = None
    _views: tuple[Floats, ...] = ()

    @staticmethod
    def arranged(weight: Tensor, size: int, rows: int) -> Tensor:
        i, f, g, o = torch.split(weight, size)
        return torch.cat([_halved(torch.cat([i, f, o]), rows), g])

    def update(self, inputs: NDArray[Any]) -> None:
        gates, size, (hidden, cells) = self.gates(inputs), self.size, self.state
        if gates is not self._gates:  # mostly it is the same array
            views = gates[:, : 3 * size], *(gates[:, n * size : (n + 1) * size] for n in range(4))
            self._gates, self._views = gates, views
        sigmoids, i, f, o, g = self._views
        if self.halved:
            np.tanh(gates, out=gates)  # one call for all
            np.multiply(sigmoids, _HALF, out=sigmoids)
            np.add(sigmoids, _HALF, out=sigmoids)
        else:
            self.sigmoid(sigmoids)
            np.tanh(g, out=g)
        np.multiply(cells, f, out=cells)
        np.multiply(i, g, out=i)
        np.add(cells, i, out=cells)
        np.tanh(cells, out=hidden)
        np.multiply(hidden, o, out=hidden)


@final
class PackedGru(PackedStepper):
    """Steps of gated recurrent units, whose candidate takes the two products apart."""

    def __init__(self, weights: list[Tensor], rows: int, table: Tensor | None) -> None:
        """Pack the weights. See `JoinedStepper.__init__`."""
        size = weights[1].shape[1]
        w_input, w_hidden, b_input, b_hidden = (self._arranged(each.detach(), size, rows) for each in weights)
        outer, inner = b_input + b_hidden, b_hidden.clone()
        outer[2 * size :], inner[: 2 * size] = b_input[2 * size :], 0
        self._multiply = _packed(w_hidden, inner, rows, reuse=True)
        self._table = None if table is None else to_numpy(table)
        self._inputs: Callable[[Floats], Floats] | None = None
        if table is not None and len(table) * len(w_input) <= LARGEST_TABLE:
            self._table = to_numpy(torch.addmm(outer, table.detach(), w_input.t()))
        else:
            self._inputs = _packed(w_input, outer, rows, reuse=True)
        super().__init__(size, rows)

    @staticmethod
    def _arranged(weight: Tensor, size: int, rows: int) -> Tensor:
        return torch.cat([_halved(weight[: 2 * size], rows), weight[2 * size :]])

    def update(self, inputs: NDArray[Any]) -> None:
        found = inputs if self._table is None else self._table[inputs]
        given = found if self._inputs is None else self._inputs(found)
        (hidden,), size = self.state, self.size
        gates = self._multiply(hidden)
        sigmoids, n = gates[:, : 2 * size], gates[:, 2 * size :]
        np.add(sigmoids, given[:, : 2 * size], out=sigmoids)
        self.sigmoid(sigmoids)
        np.multiply(n, gates[:, :size], out=n)
        np.add(n, given[:, 2 * size :], out=n)
        np.tanh(n, out=n)
        np.subtract(hidden, n, out=hidden)
        np.multiply(hidden, gates[:, size : 2 * size], out=hidden)
        np.add(hidden, n, out=hidden)


def _halved(weight: Tensor, rows: int) -> Tensor:
    return weight / 2 if rows == 1 else weight
