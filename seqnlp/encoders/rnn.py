"""The simple recurrent network."""

from typing import Literal, final

from seqnlp.encoders.recurrent import RecurrentEncoder
from seqnlp.nn.recurrent import Recurrent


@final
class Rnn(RecurrentEncoder):
    """The simple recurrent network (Elman, 1990): small, and soon forgetful."""

    kind: Literal["rnn"] = "rnn"
    activation: Literal["tanh", "relu"] = "tanh"
    """What a step's sum goes through."""

    def build(self, width: int) -> Recurrent:
        """Make the layers."""
        return self.stack(self.activation, width)
