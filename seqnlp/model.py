"""SequenceModel: embedding, encoder, decoders. One class for every task."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar, final

import torch
from torch import Tensor, nn

from seqnlp.decoders import DecoderModule, Loss
from seqnlp.encoders import EncoderModule
from seqnlp.nn.device import TensorBatch, device_of, to_device
from seqnlp.nn.encoder import States

Decoder = TypeVar("Decoder", bound=DecoderModule)


@dataclass(frozen=True)
class Batch(TensorBatch):
    """Inputs and targets of one training step or evaluation step."""

    inputs: Any
    """Inputs of the embedding: a `TensorBatch` with a `mask` of shape (batch, time), true on real steps."""
    targets: dict[str, Any]
    """Target of each decoder by name: a tensor or a `TensorBatch`."""
    items: int
    """Words (characters, target tokens) in the batch: the unit of speed."""


@final
class SequenceModel(nn.Module):
    """Embedding -> encoder -> one or several decoders. Batches may lie on any device: they are moved to the model's."""

    def __init__(
        self,
        embedding: nn.Module,
        encoder: EncoderModule,
        decoders: Mapping[str, DecoderModule],
        weights: Mapping[str, float] | None = None,
        skips: Collection[str] = (),
        votes: nn.Module | None = None,
    ) -> None:
        """Join the parts.

        Args:
            embedding: From a batch's inputs to vectors, shape (batch, time, width).
            encoder: From vectors to states.
            decoders: From states to predictions, by name.
            weights: Weight of each decoder's loss by name; 1 for those left out.
            skips: Decoders with a skip connection: the embedding of each step is concatenated to its encoding.
            votes: Part of the embedding that bypasses the encoder: it learns with the decoder's layer group.
        """
        super().__init__()
        self.embedding, self.encoder = embedding, encoder
        self.decoders = dict(decoders)
        self.heads = nn.ModuleList(decoders.values())  # a ModuleDict would refuse names such as "type"
        self.weights = {name: (weights or {}).get(name, 1.0) for name in decoders}
        self.skips = frozenset(skips)
        self._votes = () if votes is None else (votes,)  # a tuple: its parameters are those of the embedding

    @property
    def device(self) -> torch.device:
        """Device of the parameters."""
        return device_of(self)

    def decoder(self, name: str, kind: type[Decoder]) -> Decoder:
        """Get a decoder by name; it must have this type."""
        found = self.decoders[name]
        assert isinstance(found, kind), f"{name}: {type(found).__name__} is no {kind.__name__}"
        return found

    def layer_groups(self) -> dict[str, list[nn.Parameter]]:
        """Trainable parameters by layer group, from the bottom to the top; one that is shared is of the lowest.

        The groups are `embedding`, the layers of the encoder as `encoder.0`, `encoder.1`, ..., and `decoder`, with the
        votes of n-grams.
        """
        modules: dict[str, nn.Module] = {
            "embedding": self.embedding,
            **{f"encoder.{number}": layer for number, layer in enumerate(self.encoder.stacked)},
            "decoder": self,  # whatever is left
        }
        votes = {id(each) for part in self._votes for each in part.parameters()}
        seen: set[int] = set()
        groups = {}
        for name, part in modules.items():
            passed = seen if part is self else seen | votes
            own = [each for each in part.parameters() if each.requires_grad and id(each) not in passed]
            seen |= {id(each) for each in own}
            groups[name] = own
        return {name: own for name, own in groups.items() if own}

    def encode(self, inputs: Any, state: list[Tensor] | None = None) -> States:
        """Embed and encode."""
        inputs = inputs.to(self.device)
        embedded = self.embedding(inputs)
        states: States = self.encoder(embedded, inputs.mask, state)
        return replace(states, inputs=embedded) if self.skips else states

    def read_by(self, name: str, states: States) -> States:
        """States as a decoder reads them: with the embedding at its skip connection, if it has one."""
        if name not in self.skips:
            return states
        assert states.inputs is not None
        return replace(states, outputs=torch.cat([states.outputs, states.inputs], -1))

    def loss(self, batch: Batch, state: list[Tensor] | None = None) -> tuple[Loss, list[Tensor]]:
        """Weighted sum of the decoders' losses; also the next batch's state.

        Nats are per item of the batch, also where a decoder had nothing to say about some of them.
        """
        states = self.encode(batch.inputs, state)
        targets = to_device(batch.targets, self.device)  # the inputs were moved by `encode`
        losses = [
            decoder.loss(self.read_by(name, states), targets[name]).total * self.weights[name]
            for name, decoder in self.decoders.items()
        ]
        return Loss(sum(losses[1:], start=losses[0]), batch.items), states.state
