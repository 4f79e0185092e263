"""SequenceModel: embedding, encoder, decoders. One class for every task."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, final

from torch import Tensor, nn

from seqnlp.decoders import DecoderModule, Loss
from seqnlp.encoders import EncoderModule
from seqnlp.nn.states import States

Decoder = TypeVar("Decoder", bound=DecoderModule)


@dataclass(frozen=True)
class Batch:
    """What a model is trained on at once."""

    inputs: Any
    """What the embedding takes; it has a `mask` of shape (batch, time), true on real steps."""
    targets: dict[str, Any]
    """What each decoder should have said."""
    items: int
    """Words (characters, target tokens) in the batch: the work that speed is counted in."""


@final
class SequenceModel(nn.Module):
    """Embedding -> encoder -> one or several decoders."""

    def __init__(
        self,
        embedding: nn.Module,
        encoder: EncoderModule,
        decoders: Mapping[str, DecoderModule],
        weights: Mapping[str, float] | None = None,
    ) -> None:
        """Join the parts.

        Args:
            embedding: From a batch's inputs to vectors, shape (batch, time, width).
            encoder: From vectors to states.
            decoders: What is made of the states, by name.
            weights: How much each decoder's loss counts; 1 where nothing is said.
        """
        super().__init__()
        self.embedding, self.encoder = embedding, encoder
        self.decoders = dict(decoders)
        self.heads = nn.ModuleList(decoders.values())  # a ModuleDict would refuse names such as "type"
        self.weights = {name: (weights or {}).get(name, 1.0) for name in decoders}

    def decoder(self, name: str, kind: type[Decoder]) -> Decoder:
        """Get a decoder of a known type.

        Args:
            name: The name.
            kind: The type that it must have.
        """
        found = self.decoders[name]
        assert isinstance(found, kind), f"{name}: {type(found).__name__} is no {kind.__name__}"
        return found

    def encode(self, inputs: Any, state: list[Tensor] | None = None) -> States:
        """Embed and encode."""
        states: States = self.encoder(self.embedding(inputs), inputs.mask, state)
        return states

    def loss(self, batch: Batch, state: list[Tensor] | None = None) -> tuple[Loss, list[Tensor]]:
        """The weighed sum of the decoders' losses, and the state for the next batch.

        Nats are per item of the batch, also where a decoder had nothing to say about some of them.
        """
        states = self.encode(batch.inputs, state)
        losses = [
            decoder.loss(states, batch.targets[name]).total * self.weights[name]
            for name, decoder in self.decoders.items()
        ]
        return Loss(sum(losses[1:], start=losses[0]), batch.items), states.state
