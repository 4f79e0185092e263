"""Exchange of a step: the sum of the gradients of all processes, their loss, and the states that they carry.

Of an embedding table a batch touches a few rows, and the others are zeros: only rows that some process has touched are
sent.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NoReturn, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqnlp.errors import SeqnlpError
from seqnlp.nn.device import CPU, to_numpy
from seqnlp.training.distributed import ProcessGroup

LEAST_ROWS = 1024
"""Rows of a table that is worth a look for those that are touched."""
LARGEST_SHARE = 0.5
"""Share of touched rows from which on a table is sent as a whole, from then on."""
BITS = {2: torch.int16, 4: torch.int32, 8: torch.int64}
"""Integers of the sizes of floating-point numbers, in bytes."""


@final
class StepExchange:
    """Sums of gradients over processes, step by step.

    All processes get the same bits: what is sent, and the order of the sums, depend on what all of them know.
    """

    def __init__(self, parameters: Iterable[Tensor], group: ProcessGroup) -> None:
        """Store the parameters, which have the same order in all processes."""
        self._parameters, self._group = list(parameters), group
        self._tables = {
            number
            for number, each in enumerate(self._parameters)
            if each.device == CPU and each.dim() > 1 and len(each) >= LEAST_ROWS
        }
        """Numbers of the parameters of which rows are sent."""
        self._buffer = self._parameters[0].new_empty(0)
        """Memory of what is sent, and then of the sums: another one each step would have to be mapped anew."""

    def sum(self, nats: float, states: Sequence[Any]) -> tuple[float, list[Any]]:
        """Sum the gradients of the parameters over all processes.

        One exchange of all of them: many small ones would wait for each other. A parameter without a gradient in any
        process stays without one, as the optimizer leaves it out.

        Args:
            nats: The summed loss of this process.
            states: States that its micro-batches carry.

        Returns:
            The summed loss of all processes, and the states of all, by rank.

        Raises:
            PeerLost: a process has ended.
            seqnlp.errors.SeqnlpError: another process has called `fail`.
        """
        gradients = [parameter.grad if parameter.requires_grad else None for parameter in self._parameters]
        used = np.array([gradient is not None for gradient in gradients])
        own = {
            number: np.packbits(touched_rows(gradient))
            for number in sorted(self._tables)
            if (gradient := gradients[number]) is not None
        }
        told = self._group.agree([nats, used, own, list(states)], "step")
        rows = self._rows([each[2] for each in told])
        sent = np.flatnonzero(np.logical_or.reduce([each[1] for each in told])).tolist()
        parts = self._parts(sent, rows)
        for number, part in parts.items():
            gradient = gradients[number]
            if gradient is None:
                part.zero_()
            elif number in rows:
                torch.index_select(gradient, 0, rows[number], out=part)
            else:
                part.copy_(gradient)
        self._group.sum(self._buffer[: sum(part.numel() for part in parts.values())])
        for number, part in parts.items():
            parameter, gradient = self._parameters[number], gradients[number]
            if number in rows:
                whole = torch.zeros_like(parameter) if gradient is None else gradient
                parameter.grad = whole.index_copy_(0, rows[number], part)
            else:
                parameter.grad = part
        return sum(each[0] for each in told), [state for each in told for state in each[3]]

    def fail(self, error: SeqnlpError) -> NoReturn:
        """Take part in a sum that fails in all processes."""
        self._group.fail(error, "step")

    def _rows(self, touched: Sequence[dict[int, NDArray[np.uint8]]]) -> dict[int, Tensor]:
        """Rows that any process has touched, by table; forget tables of which these are many."""
        found: dict[int, Tensor] = {}
        for number in sorted(self._tables):
            bits = [each[number] for each in touched if number in each]
            if not bits:
                continue
            size = len(self._parameters[number])
            rows = np.flatnonzero(np.unpackbits(np.bitwise_or.reduce(bits), count=size))
            if len(rows) < LARGEST_SHARE * size:
                found[number] = torch.from_numpy(rows)
            else:
                self._tables.remove(number)
        return found

    def _parts(self, sent: Sequence[int], rows: dict[int, Tensor]) -> dict[int, Tensor]:
        """Parts of the buffer, by parameter: in its shape, or that of its touched rows."""
        shapes = {
            number: (len(rows[number]), *self._parameters[number].shape[1:])
            if number in rows
            else tuple(self._parameters[number].shape)
            for number in sent
        }
        sizes = {number: int(np.prod(shape, dtype=np.int64)) for number, shape in shapes.items()}
        if (total := sum(sizes.values())) > len(self._buffer):
            self._buffer = self._buffer.new_empty(total)
        pieces = torch.split(self._buffer[:total], list(sizes.values()))
        return {number: piece.view(shapes[number]) for number, piece in zip(sent, pieces, strict=True)}


def touched_rows(gradient: Tensor) -> NDArray[np.bool_]:
    """Find the rows of a gradient that are not zeros; shape (rows,).

    The numbers are compared as integers, which is many times faster than as floating-point numbers, and loses none: the
    square of a small one would be zero.
    """
    numbers = gradient.detach().contiguous().view(len(gradient), -1)
    bits = numbers.view(BITS[numbers.element_size()])
    found: NDArray[np.bool_] = to_numpy((bits.amax(1) != 0) | (bits.amin(1) != 0))
    return found
