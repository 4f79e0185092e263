"""States: an encoder's result, and all that encoders and decoders share."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from seqnlp.shapes import Bool, Float


@dataclass(frozen=True)
class States:
    """The encoded batch. What stands at padded steps has no meaning and must not be looked at."""

    outputs: Float[Tensor, "batch time width"]
    """One vector a step."""
    mask: Bool[Tensor, "batch time"]
    """True on real steps. Sequences begin at step 0; no row is empty."""
    state: list[Tensor] = field(default_factory=list)
    """The recurrent state after the last step, to go on from; the first axis of each tensor is the batch."""


@torch.no_grad()
def state_shapes(encoder: nn.Module, width: int) -> list[torch.Size]:
    """Find the shapes of a state for one sequence, by a step, since encoders own their state.

    Args:
        encoder: An `EncoderModule` for inputs of this width.
        width: Features of an input step.
    """
    training = encoder.training
    states: States = encoder.eval()(torch.zeros(1, 1, width), torch.ones(1, 1, dtype=torch.bool))
    encoder.train(training)
    return [part.shape[1:] for part in states.state]


def split_state(features: Float[Tensor, "batch features"], shapes: Sequence[torch.Size]) -> list[Tensor]:
    """Divide features into the parts of a state."""
    parts = torch.split(features, [shape.numel() for shape in shapes], 1)
    return [part.reshape(len(features), *shape) for part, shape in zip(parts, shapes, strict=True)]
