"""One step of a recurrent language model at a time, for sampling: nothing is allocated or repacked between steps.

`nn.LSTM` prepares its weights anew at each call, which takes longer than the step itself. Here they are laid out
once. The first layer's product with its input is a table with a row for each token, and as a sigmoid is
`(1 + tanh(x / 2)) / 2`, one tanh serves all gates. Small arrays are numpy's: its calls cost a third of torch's.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ClassVar, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqnlp.nn.products import Floats, array, product
from seqnlp.nn.recurrent import Recurrent

Tokens = NDArray[np.int64]

LARGEST_TABLE = 1 << 24
"""Numbers in the table of the first layer's input products; a larger vocabulary is multiplied at each step."""


@final
class Steps:
    """A stack of layers and the output map, with the state of several texts that are written at once."""

    def __init__(
        self,
        table: Tensor,
        encoder: Recurrent,
        projection: Tensor | None,
        weight: Tensor,
        bias: Tensor,
        batch: int = 1,
        half: bool = False,
    ) -> None:
        """Lay the weights out.

        Args:
            table: The vectors of the tokens; shape (tokens, size).
            encoder: Forward layers.
            projection: Between the encoder and the output map, if there is one; shape (size, width).
            weight: Of the output map; shape (tokens, width or size).
            bias: Of the output map; shape (tokens,).
            batch: How many texts are written at once.
            half: Do the products of several texts in bfloat16 and in bytes.
        """
        table = table.detach().float()
        self.layers: list[_Layer] = []
        outputs: Floats | None = None
        for layers in encoder.layers:
            assert isinstance(layers, nn.ModuleList)
            assert isinstance(layers[0], nn.RNNBase)
            made = _KINDS[layers[0].mode](layers[0], table, outputs, batch, half, encoder.residual)
            self.layers.append(made)
            outputs = made.outputs
        assert outputs is not None
        self._products: list[Callable[[], None]] = []
        if projection is not None:
            projected = np.zeros((batch, len(projection)), np.float32)
            self._products.append(product(projection, outputs, projected, half))
            outputs = projected
        self._logits = np.zeros((batch, len(weight)), np.float32)
        self._products.append(product(weight, outputs, self._logits, half))
        self._bias = array(bias)

    def load(self, carry: list[Tensor]) -> None:
        """Begin with a state as the encoder returns it; that of a single text is for all."""
        each = len(carry) // len(self.layers)
        for number, layer in enumerate(self.layers):
            for own, given in zip(layer.state, carry[number * each : (number + 1) * each], strict=True):
                own[:] = array(given[0])

    def keep(self, rows: NDArray[np.int64]) -> None:
        """Go on with these texts only, of which some may be there several times; shape (batch,)."""
        for layer in self.layers:
            for own in layer.state:
                own[:] = own[rows]

    def step(self, tokens: Tokens) -> Floats:
        """Read the next token of each text; shape (batch,).

        Returns:
            The logits of the one after it; shape (batch, tokens). The next step overwrites them.
        """
        with _one_thread():
            for layer in self.layers:
                layer.step(tokens)
            for multiply in self._products:
                multiply()
        self._logits += self._bias
        return self._logits


class _Layer(ABC):
    """A layer's weights, its state, and room to compute in."""

    bounded: ClassVar[bool] = True
    """Whether the hidden state lies between -1 and 1."""

    def __init__(
        self, layer: nn.RNNBase, table: Tensor, below: Floats | None, batch: int, half: bool, residual: bool
    ) -> None:
        size = layer.hidden_size
        w_input, w_hidden, b_input, b_hidden = (
            self.arranged(layer.get_parameter(name).detach().float(), size)
            for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
        )
        self.hidden = np.zeros((batch, size), np.float32)
        self.gates = np.zeros((batch, len(w_hidden)), np.float32)
        self._multiply = product(w_hidden, self.hidden, self.gates, half, self.bounded)
        inner, outer = self.biases(b_input, b_hidden, size)
        self.inner = array(inner)
        self._inputs = _inputs(w_input, outer, table, below, batch, half)
        # the first layer's input is the token's vector itself, which is not there where a table replaces it
        vectors = array(table) if residual and below is None and table.shape[1] == size else None
        adds = vectors is not None or (residual and below is not None and below.shape[1] == size)
        self._below, self._vectors = (below if adds else None), vectors
        self.outputs = np.zeros_like(self.hidden) if adds else self.hidden

    @property
    def state(self) -> list[Floats]:
        """What is carried from step to step, in the encoder's order."""
        return [self.hidden]

    def step(self, tokens: Tokens) -> None:
        """Compute the new state and outputs."""
        self._multiply()
        self.update(self._inputs(tokens))
        if self._vectors is not None:
            np.add(self.hidden, self._vectors[tokens], out=self.outputs)
        elif self._below is not None:
            np.add(self.hidden, self._below, out=self.outputs)

    @staticmethod
    def arranged(weight: Tensor, size: int) -> Tensor:
        """Rows of gates in the order that they are used in; those of sigmoids halved."""
        return weight

    @staticmethod
    def biases(inputs: Tensor, hidden: Tensor, size: int) -> tuple[Tensor, Tensor]:
        """The bias that must be added inside of the recurrence, and the rest."""
        return torch.zeros(0), inputs + hidden

    @abstractmethod
    def update(self, inputs: Floats) -> None:
        """Make the new state of the products with the old one, in `gates`, and with the inputs."""


@final
class _Lstm(_Layer):
    def __init__(
        self, layer: nn.RNNBase, table: Tensor, below: Floats | None, batch: int, half: bool, residual: bool
    ) -> None:
        super().__init__(layer, table, below, batch, half, residual)
        self.cells = np.zeros_like(self.hidden)
        size = layer.hidden_size
        self.sigmoids = self.gates[:, : 3 * size]
        self.i, self.f, self.o, self.g = (self.gates[:, n * size : (n + 1) * size] for n in range(4))

    @staticmethod
    def arranged(weight: Tensor, size: int) -> Tensor:
        i, f, g, o = torch.split(weight, size)
        return torch.cat([i / 2, f / 2, o / 2, g])

    @property
    def state(self) -> list[Floats]:
        return [self.hidden, self.cells]

    def update(self, inputs: Floats) -> None:
        gates, sigmoids, cells = self.gates, self.sigmoids, self.cells
        np.add(gates, inputs, out=gates)
        np.tanh(gates, out=gates)
        np.multiply(sigmoids, _HALF, out=sigmoids)
        np.add(sigmoids, _HALF, out=sigmoids)
        np.multiply(cells, self.f, out=cells)
        np.multiply(self.i, self.g, out=self.i)
        np.add(cells, self.i, out=cells)
        np.tanh(cells, out=self.hidden)
        np.multiply(self.hidden, self.o, out=self.hidden)


@final
class _Gru(_Layer):
    @staticmethod
    def arranged(weight: Tensor, size: int) -> Tensor:
        r, z, n = torch.split(weight, size)
        return torch.cat([r / 2, z / 2, n])

    @staticmethod
    def biases(inputs: Tensor, hidden: Tensor, size: int) -> tuple[Tensor, Tensor]:
        outer = inputs + hidden
        outer[2 * size :] = inputs[2 * size :]
        return hidden[2 * size :], outer

    def update(self, inputs: Floats) -> None:
        size, gates, hidden = self.hidden.shape[1], self.gates, self.hidden
        sigmoids, r, z, n = gates[:, : 2 * size], gates[:, :size], gates[:, size : 2 * size], gates[:, 2 * size :]
        np.add(sigmoids, inputs[:, : 2 * size], out=sigmoids)
        np.tanh(sigmoids, out=sigmoids)
        np.multiply(sigmoids, _HALF, out=sigmoids)
        np.add(sigmoids, _HALF, out=sigmoids)
        np.add(n, self.inner, out=n)
        np.multiply(n, r, out=n)
        np.add(n, inputs[:, 2 * size :], out=n)
        np.tanh(n, out=n)
        np.subtract(hidden, n, out=hidden)
        np.multiply(hidden, z, out=hidden)
        np.add(hidden, n, out=hidden)


@final
class _Tanh(_Layer):
    def update(self, inputs: Floats) -> None:
        np.tanh(np.add(self.gates, inputs, out=self.gates), out=self.hidden)


@final
class _Relu(_Layer):
    bounded: ClassVar[bool] = False

    def update(self, inputs: Floats) -> None:
        np.maximum(np.add(self.gates, inputs, out=self.gates), 0, out=self.hidden)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep torch from calling its other threads: to wake them takes longer than what they could do in a step."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


_HALF = np.float32(0.5)
_KINDS: dict[str, type[_Layer]] = {"LSTM": _Lstm, "GRU": _Gru, "RNN_TANH": _Tanh, "RNN_RELU": _Relu}


def _inputs(
    weight: Tensor, bias: Tensor, table: Tensor, below: Floats | None, batch: int, half: bool
) -> Callable[[Tokens], Floats]:
    """What makes a layer's products with its input: looked up, or computed from the vectors or the layer below."""
    if below is None and len(table) * len(weight) <= LARGEST_TABLE:
        rows = array(torch.addmm(bias, table, weight.t()))
        return lambda tokens: rows[tokens]
    vectors, made = array(table), np.zeros((batch, len(weight)), np.float32)
    source = np.zeros((batch, weight.shape[1]), np.float32) if below is None else below
    multiply, added = product(weight, source, made, half), array(bias)

    def compute(tokens: Tokens) -> Floats:
        if below is None:
            source[:] = vectors[tokens]
        multiply()
        made.__iadd__(added)
        return made

    return compute
