"""The identity encoder."""

from typing import Literal, final

from seqnlp.encoders.base import Encoder
from seqnlp.nn.bypass import Identity


@final
class NoEncoder(Encoder):
    """Passes embedded steps on as they are, for decoders that read them themselves."""

    kind: Literal["none"] = "none"

    @property
    def reads_ahead(self) -> bool:
        """No step knows of any other."""
        return False

    def build(self, width: int) -> Identity:
        """Make nothing but the passage."""
        return Identity(width)
