"""Steppers: causal encoders that read one step of several sequences at a time."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import final

import torch
from torch import Tensor

from seqnlp.shapes import Float, Int

Advance = Callable[[Tensor, list[Tensor] | None], tuple[Tensor, list[Tensor]]]
"""From the inputs of a step, shape (rows, width), and the state to the outputs and the next state."""


class Stepper(ABC):
    """An encoder's weights, ready for single steps, and the state of the sequences that are read."""

    @abstractmethod
    def load(self, state: list[Tensor] | None, rows: int = 1) -> None:
        """Begin with a state.

        Args:
            state: As the encoder returns it, for `rows` sequences or for one, which then serves all; None: that
                before the first step.
            rows: Sequences to read at once.
        """

    @abstractmethod
    def step(self, inputs: Float[Tensor, "rows width"] | Int[Tensor, " rows"]) -> Float[Tensor, "rows features"]:
        """Read the next step of each sequence.

        Args:
            inputs: Vectors, or the numbers of tokens for a stepper that was made with a table of theirs.

        Returns:
            The encoder's outputs. The next call may overwrite them.
        """

    @abstractmethod
    def keep(self, rows: Int[Tensor, " chosen"]) -> None:
        """Select sequences to go on with; one may be chosen several times."""


@final
class TensorStepper(Stepper):
    """A stepper made of a function: differentiable if made with gradients enabled, of any number type and device."""

    def __init__(self, advance: Advance, table: Float[Tensor, "tokens width"] | None = None) -> None:
        """Take the function.

        Args:
            advance: Computes one step.
            table: Vectors of tokens, where steps are given as their numbers.
        """
        self._advance, self._table = advance, table
        self._gradients = torch.is_grad_enabled()
        self._state: list[Tensor] | None = None

    def load(self, state: list[Tensor] | None, rows: int = 1) -> None:
        self._state = None if state is None else [part.expand(rows, *part.shape[1:]) for part in state]

    def step(self, inputs: Float[Tensor, "rows width"] | Int[Tensor, " rows"]) -> Float[Tensor, "rows features"]:
        with torch.set_grad_enabled(self._gradients):
            vectors = inputs if self._table is None else self._table[inputs]
            outputs, self._state = self._advance(vectors, self._state)
        return outputs

    def keep(self, rows: Int[Tensor, " chosen"]) -> None:
        if self._state is not None:
            self._state = [part[rows] for part in self._state]
