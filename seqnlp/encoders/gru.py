"""Gated recurrent units."""

from typing import Literal, final

from seqnlp.encoders.recurrent import RecurrentEncoder
from seqnlp.nn.recurrent import Recurrent


@final
class Gru(RecurrentEncoder):
    """Gated recurrent units (Cho et al., 2014): a quarter fewer weights than an LSTM of the same size."""

    kind: Literal["gru"] = "gru"

    def build(self, width: int) -> Recurrent:
        """Make the layers."""
        return self.stack("gru", width)
