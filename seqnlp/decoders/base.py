"""Contracts of decoders: the two methods of every one, and taggers, which choose a label at each step."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqnlp.codecs import Labels
from seqnlp.nn.encoder import States
from seqnlp.nn.named_rows import NamedAxes
from seqnlp.shapes import Bool, Float, Int
from seqnlp.spec import Family


@dataclass(frozen=True)
class Loss:
    """Loss as a sum: batches of different sizes join with the right weights."""

    total: Tensor
    """Nats, summed over the items; a scalar that gradients flow from."""
    items: int
    """Number of items in the sum."""

    @property
    def mean(self) -> Tensor:
        """Nats per item."""
        return self.total / max(self.items, 1)


class DecoderModule(nn.Module, ABC):
    """Maps encoder states to the outputs of a task."""

    named_axes: ClassVar[NamedAxes] = {}
    """Axes of its parameters that its codec numbers."""

    @abstractmethod
    def loss(self, states: States, target: Any) -> Loss:
        """Compute the loss of the target, given the states."""

    @abstractmethod
    def predict(self, states: States) -> Any:
        """Predict from the states."""


Allowed = NDArray[np.bool_]
"""Allowed transitions from tag (row) to tag (column); shape (tags + 1, tags + 1). The last row is the beginning of a
sequence, the last column its end."""


@dataclass(frozen=True)
class Tags:
    """Predicted tags of a batch."""

    labels: Int[Tensor, "batch time"]
    scores: Float[Tensor, "batch time"]
    """The probability of each predicted tag."""


class TagModule(DecoderModule, ABC):
    """Network of a `TagDecoder`."""

    @abstractmethod
    def predict(self, states: States) -> Tags:
        """The best tags of each sequence."""


class LabelModule(TagModule, ABC):
    """Network that gives every label a probability at each step."""

    @abstractmethod
    def probabilities(self, states: States) -> Float[Tensor, "batch time labels"]:
        """Probability of every tag at each step."""


class TagDecoder(Family, ABC):
    """Chooses a tag for each step."""

    transferable: ClassVar[tuple[str, ...]] = ("constrained",)

    default_kind: ClassVar[str | None] = "linear"

    constrained: bool = True
    """Predict only sequences of tags that `data.scheme` allows."""

    @abstractmethod
    def build(self, width: int, labels: Labels, allowed: Allowed | None = None) -> TagModule:
        """Make the network.

        Args:
            width: Features of an encoded step.
            labels: The tags to choose from.
            allowed: The allowed transitions; None if all are.
        """

    def forbidden(self, labels: Labels, allowed: Allowed | None) -> Bool[Tensor, "states states"]:
        """Mask of forbidden transitions; states are the labels and the boundary."""
        states = len(labels) + 1
        if allowed is None or not self.constrained:
            return torch.zeros(states, states, dtype=torch.bool)
        return torch.from_numpy(~allowed)
