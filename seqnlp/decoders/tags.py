"""Contract of decoders that tag each step."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqnlp.codecs import Labels
from seqnlp.decoders.base import DecoderModule
from seqnlp.nn.states import States
from seqnlp.shapes import Bool, Float, Int
from seqnlp.spec import Family

Allowed = NDArray[np.bool_]
"""Allowed transitions from tag (row) to tag (column); shape (tags + 1, tags + 1). The last row is the beginning of a
sequence, the last column its end."""


@dataclass(frozen=True)
class Tags:
    """Predicted tags of a batch."""

    labels: Int[Tensor, "batch time"]
    scores: Float[Tensor, "batch time"]
    """Probability of each predicted tag."""


class TagModule(DecoderModule, ABC):
    """Network of a `TagDecoder`."""

    @abstractmethod
    def predict(self, states: States) -> Tags:
        """Best tags of each sequence."""


class TagDecoder(Family, ABC):
    """Chooses a tag for each step."""

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
