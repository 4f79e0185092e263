"""Contract of an encoder: its states, its network, and one step at a time."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import final

import torch
from torch import Tensor, nn

from seqnlp.nn.device import device_of
from seqnlp.shapes import Bool, Float, Int

Vectors = Float[Tensor, "batch time width"]
Mask = Bool[Tensor, "batch time"]


@dataclass(frozen=True)
class States:
    """The encoded batch. What stands at padded steps has no meaning and must not be looked at."""

    outputs: Vectors
    """One vector a step."""
    mask: Mask
    """True on real steps. Sequences begin at step 0; no row is empty."""
    state: list[Tensor] = field(default_factory=list)
    """The recurrent state after the last step, to go on from; the first axis of each tensor is the batch."""
    inputs: Float[Tensor, "batch time features"] | None = None
    """Vectors that were encoded, where a decoder reads them too."""


@torch.no_grad()
def state_shapes(encoder: nn.Module, width: int) -> list[torch.Size]:
    """Find the shapes of one sequence's state by a step: encoders own their state.

    Args:
        encoder: An `EncoderModule` for inputs of this width.
        width: Features of an input step.
    """
    training = encoder.training
    device = device_of(encoder)
    mask = torch.ones(1, 1, dtype=torch.bool, device=device)
    states: States = encoder.eval()(torch.zeros(1, 1, width, device=device), mask)
    encoder.train(training)
    return [part.shape[1:] for part in states.state]


def split_state(features: Float[Tensor, "batch features"], shapes: Sequence[torch.Size]) -> list[Tensor]:
    """Divide features into the parts of a state."""
    parts = torch.split(features, [shape.numel() for shape in shapes], 1)
    return [part.reshape(len(features), *shape) for part, shape in zip(parts, shapes, strict=True)]


Advance = Callable[[Tensor, list[Tensor] | None], tuple[Tensor, list[Tensor]]]
"""From the inputs of a step, shape (rows, width), and the state to the outputs and the next state."""


class Stepper(ABC):
    """Encoder's weights, ready for single steps, and the state of some sequences."""

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


class EncoderModule(nn.Module, ABC):
    """Maps embedded sequences to states.

    One that never reads ahead is causal: it also serves language models and the decoders of translations and
    forecasts. Its state is then all that later steps need of earlier ones, a list of tensors whose first axis
    is the batch.
    """

    width: int
    """Features of an output step."""

    @abstractmethod
    def forward(self, inputs: Vectors, mask: Mask, state: list[Tensor] | None = None) -> States:
        """Encode a padded batch.

        Args:
            inputs: The embedded sequences.
            mask: True on real steps.
            state: The state to go on from, as an earlier call returned it; None: the beginning.
        """

    @property
    def stacked(self) -> Sequence[nn.Module]:
        """Layers from the bottom to the top; the encoder itself if it has none."""
        return [self]

    def every_layer(self, inputs: Vectors, mask: Mask, state: list[Tensor] | None = None) -> list[States]:
        """Encode a padded batch as `forward` does.

        Returns:
            The outputs of each layer, the last one's at the end; of an encoder that tells no layers these alone. All
            have the state of the whole encoder.
        """
        return [self(inputs, mask, state)]

    def stepper(self, rows: int = 1, table: Float[Tensor, "tokens width"] | None = None) -> Stepper:
        """Make a stepper with the present weights; only causal encoders can be stepped.

        Args:
            rows: Sequences that will be read at once, more or less; weights may be packed for that number.
            table: Vectors of tokens, where steps will be given as their numbers.
        """
        return TensorStepper(self._one_step, table)

    def _one_step(self, inputs: Tensor, state: list[Tensor] | None) -> tuple[Tensor, list[Tensor]]:
        mask = torch.ones(len(inputs), 1, dtype=torch.bool, device=inputs.device)
        states: States = self(inputs[:, None], mask, state)
        return states.outputs[:, 0], states.state
