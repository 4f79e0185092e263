"""Contract of a decoder: two methods, whatever the task."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from seqnlp.nn.states import States


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

    @abstractmethod
    def loss(self, states: States, target: Any) -> Loss:
        """Compute the loss of the target, given the states."""

    @abstractmethod
    def predict(self, states: States) -> Any:
        """Predict from the states."""
