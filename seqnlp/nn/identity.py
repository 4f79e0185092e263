"""Identity encoder."""

from typing import final

from torch import Tensor

from seqnlp.nn.encoder import EncoderModule, States
from seqnlp.shapes import Bool, Float


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
