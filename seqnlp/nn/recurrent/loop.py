"""Layers without a kernel: a loop over time, whose weights get their gradients from one product over all steps."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, final

import torch
from torch import Tensor

from seqnlp.nn.recurrent.layers import Inputs, Outputs, RecurrentLayer

Product = Callable[[Tensor, Tensor | None], Tensor]
"""Multiplies rows by a matrix and adds other rows."""


class LoopLayer(RecurrentLayer, ABC):
    """A layer that is defined by its step."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, steps: Inputs, state: list[Tensor] | None) -> tuple[Outputs, list[Tensor]]:
        time, batch, _ = steps.shape
        loops = [_Loop(matrix, time, batch) for matrix in self.matrices()]
        now = self.zeros(steps[0]) if state is None else state
        outputs = []
        for given in self.prepare(steps):
            output, now = self.step(given, now, loops)
            outputs.append(output)
        return torch.stack(outputs), now

    @abstractmethod
    def matrices(self) -> Sequence[Tensor]:
        """List the matrices that are multiplied at each step, each of shape (outputs, inputs)."""

    def prepare(self, steps: Inputs) -> Tensor:
        """Compute what is independent of the state, for all steps at once."""
        return steps

    @abstractmethod
    def step(self, given: Tensor, state: list[Tensor], products: Sequence[Product]) -> tuple[Tensor, list[Tensor]]:
        """Compute the output and the next state.

        Args:
            given: A step of what `prepare` returned.
            state: The state before it.
            products: With each of the `matrices`; each is called once a step.
        """


@final
class _Loop:
    """The product with a matrix at each step of a loop.

    Autograd would add a matrix to the gradient at each step, which takes longer than the product itself. Here a
    zero is added to each result, whose gradients tell those of all results at once.
    """

    def __init__(self, matrix: Tensor, time: int, batch: int) -> None:
        self.matrix, self.inputs = matrix, list[Tensor]()
        self.zeros = None
        if torch.is_grad_enabled() and matrix.requires_grad:
            zeros: Tensor = _DeferredGradient.apply(matrix, self.inputs, time, batch)  # type: ignore[no-untyped-call]
            self.matrix, self.zeros = matrix.detach(), iter(zeros.unbind())

    def __call__(self, inputs: Tensor, summand: Tensor | None) -> Tensor:
        if self.zeros is not None:
            self.inputs.append(inputs.detach())
            zero = next(self.zeros)
            summand = zero if summand is None else summand + zero
        if summand is None:
            return inputs @ self.matrix.t()
        return torch.addmm(summand, inputs, self.matrix.t())


class _DeferredGradient(torch.autograd.Function):
    """Zeros to add to a matrix's products, whose inputs will be noted."""

    @staticmethod
    def forward(ctx: Any, matrix: Tensor, inputs: list[Tensor], time: int, batch: int) -> Tensor:
        ctx.inputs = inputs
        return matrix.new_zeros(time, batch, len(matrix))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        inputs = torch.stack(ctx.inputs).to(gradients[0].dtype)
        return gradients[0].flatten(0, 1).t() @ inputs.flatten(0, 1), None, None, None
