"""The contract of an encoder's network."""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from seqnlp.nn.states import States
from seqnlp.shapes import Bool, Float


class EncoderModule(nn.Module, ABC):
    """Embedded sequences in, states out."""

    width: int
    """Features of an output step."""

    @abstractmethod
    def forward(
        self,
        inputs: Float[Tensor, "batch time width"],
        mask: Bool[Tensor, "batch time"],
        carry: list[Tensor] | None = None,
    ) -> States:
        """Encode a padded batch; `carry` is the state to go on from, where the encoder can."""
