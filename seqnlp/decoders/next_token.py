"""`[decoder]` of a language model: a softmax over the next token."""

from typing import Annotated, final

import torch
from pydantic import Field
from torch import Tensor, nn

from seqnlp.decoders.base import DecoderModule, Loss
from seqnlp.nn.cross_entropy import linear_cross_entropy, nats
from seqnlp.nn.dropout import Dropout
from seqnlp.nn.encoder import States
from seqnlp.shapes import Float, Int
from seqnlp.spec import Spec


@final
class NextToken(Spec):
    """A softmax over the vocabulary, at every step."""

    transferable = ("dropout",)

    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """Share of the encoder's features dropped, the same ones in all of a window."""
    tied: bool = False
    """Tie the output layer to the embeddings, through a projection where widths differ."""

    def build(self, width: int, tokens: int, table: Tensor) -> "NextTokenDecoder":
        """Build the softmax over `tokens` tokens; `table` holds the vectors of the embedding."""
        return NextTokenDecoder(width, tokens, self.dropout, table if self.tied else None)


@final
class NextTokenDecoder(DecoderModule):
    """Dropout, projection where the sizes need one, linear map, and softmax."""

    named_axes = {"output.weight": (0,), "output.bias": (0,)}

    def __init__(self, width: int, tokens: int, dropout: float = 0.0, table: Tensor | None = None) -> None:
        super().__init__()
        self.dropout = Dropout(dropout)
        size = width if table is None else table.shape[1]
        self.projection = nn.Identity() if size == width else nn.Linear(width, size, bias=False)
        self.output = nn.Linear(size, tokens)
        nn.init.zeros_(self.output.bias)
        if table is not None:
            assert isinstance(table, nn.Parameter)
            self.output.weight = table

    def loss(self, states: States, target: Int[Tensor, "batch time"]) -> Loss:
        """Cross-entropy over all steps."""
        hidden = self.projection(self.dropout(states.outputs)).flatten(0, 1)
        total = linear_cross_entropy(hidden, self.output.weight, self.output.bias, target.flatten())
        return Loss(total, target.numel())

    def nats(self, states: States, target: Int[Tensor, "batch time"]) -> Float[Tensor, "batch time"]:
        """Compute the negative log-likelihood of each target, in nats."""
        hidden = self.projection(states.outputs).flatten(0, 1)
        return nats(hidden, self.output.weight, self.output.bias, target.flatten()).view_as(target)

    def predict(self, states: States) -> Float[Tensor, "batch time labels"]:
        """Compute the log-probability of each token as the next one."""
        return torch.log_softmax(self.output(self.projection(states.outputs)).float(), -1)
