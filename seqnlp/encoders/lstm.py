"""Long short-term memory."""

from typing import Literal, final

from seqnlp.encoders.recurrent import RecurrentEncoder
from seqnlp.nn.recurrent import Recurrent


@final
class Lstm(RecurrentEncoder):
    """Long short-term memory (Hochreiter and Schmidhuber, 1997): the fastest here, and the best memory."""

    kind: Literal["lstm"] = "lstm"

    def build(self, width: int) -> Recurrent:
        """Make the layers."""
        return self.stack("lstm", width)
