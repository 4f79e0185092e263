"""Encoders without weights: features that bypass an encoder, and no encoder at all."""

from typing import final

import torch
from torch import Tensor

from seqnlp.nn.encoder import EncoderModule, States
from seqnlp.shapes import Bool, Float


@final
class Bypass(EncoderModule):
    """Encodes the first features of a step; the last ones bypass the encoder."""

    def __init__(self, encoder: EncoderModule, size: int) -> None:
        """Take the encoder, and the number of features that bypass it."""
        super().__init__()
        self.encoder, self.size = encoder, size
        self.width = encoder.width + size

    def forward(
        self,
        inputs: Float[Tensor, "batch time width"],
        mask: Bool[Tensor, "batch time"],
        state: list[Tensor] | None = None,
    ) -> States:
        """Encode a padded batch."""
        states: States = self.encoder(inputs[..., : -self.size], mask, state)
        outputs = torch.cat([states.outputs.float(), inputs[..., -self.size :].float()], -1)
        return States(outputs, mask, states.state)


@final
class Identity(EncoderModule):
    """Passes every step on as it is."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def forward(
        self,
        inputs: Float[Tensor, "batch time width"],
        mask: Bool[Tensor, "batch time"],
        state: list[Tensor] | None = None,
    ) -> States:
        """Pass on."""
        return States(inputs, mask)
