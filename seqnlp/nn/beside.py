"""Features that go past the encoder."""

from typing import final

import torch
from torch import Tensor

from seqnlp.nn.encoder import EncoderModule
from seqnlp.nn.states import States
from seqnlp.shapes import Bool, Float


@final
class Beside(EncoderModule):
    """Encodes the first features of each step, and passes the others on beside what comes out."""

    def __init__(self, encoder: EncoderModule, beside: int) -> None:
        """Take the encoder, and how many features go past it."""
        super().__init__()
        self.encoder, self.beside = encoder, beside
        self.width = encoder.width + beside

    def forward(
        self,
        inputs: Float[Tensor, "batch time width"],
        mask: Bool[Tensor, "batch time"],
        state: list[Tensor] | None = None,
    ) -> States:
        """Encode a padded batch."""
        states: States = self.encoder(inputs[..., : -self.beside], mask, state)
        outputs = torch.cat([states.outputs.float(), inputs[..., -self.beside :].float()], -1)
        return States(outputs, mask, states.state)
