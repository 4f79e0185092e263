"""The contract of a decoder: two methods, whatever the task."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from seqnlp.nn.states import States


@dataclass(frozen=True)
class Loss:
    """A loss as a sum, so that batches of different sizes can be joined without weighing them wrongly."""

    total: Tensor
    """Nats, summed over the items; a scalar that gradients flow from."""
    items: int
    """How many items it is the sum of."""

    @property
    def mean(self) -> Tensor:
        """Nats per item."""
        return self.total / max(self.items, 1)


class DecoderModule(nn.Module, ABC):
    """Makes of an encoder's states what the task asks for."""

    @abstractmethod
    def loss(self, states: States, target: Any) -> Loss:
        """How far the states are from predicting the target."""

    @abstractmethod
    def predict(self, states: States) -> Any:
        """What the states say, with how sure the model is."""
