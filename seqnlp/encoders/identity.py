"""The identity encoder."""

from typing import Literal, final

from torch import Tensor

from seqnlp.encoders.base import Encoder
from seqnlp.nn.encoder import EncoderModule, States
from seqnlp.shapes import Bool, Float


@final
class NoEncoder(Encoder):
    """Identity: embedded steps as they are, for decoders that read them themselves."""

    kind: Literal["none"] = "none"

    @property
    def reads_ahead(self) -> bool:
        """No step knows of any other."""
        return False

    def build(self, width: int) -> "Identity":
        """Make nothing but the passage."""
        return Identity(width)


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
