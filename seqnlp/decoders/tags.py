"""Decoders that give each step a tag."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, final

import torch
from pydantic import Field
from torch import Tensor, nn

from seqnlp.codecs import Labels
from seqnlp.codecs.labels import UNSEEN
from seqnlp.decoders.base import DecoderModule, Loss
from seqnlp.nn.dropout import Dropout
from seqnlp.nn.states import States
from seqnlp.shapes import Float, Int
from seqnlp.spec import Family


@dataclass(frozen=True)
class Tags:
    """The tags of a batch."""

    labels: Int[Tensor, "batch time"]
    scores: Float[Tensor, "batch time"]
    """Probability of each tag."""


class TagDecoder(Family, ABC):
    """Chooses a tag for each step."""

    default_kind: ClassVar[str | None] = "linear"

    @abstractmethod
    def build(self, width: int, labels: Labels) -> DecoderModule:
        """Make the network for encoded steps of this width."""


@final
class Linear(TagDecoder):
    """Each tag on its own: a linear map and a softmax."""

    kind: Literal["linear"] = "linear"
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """Share of the encoder's features dropped, the same ones in all of a sentence."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the probability that training spreads over all tags; the model then becomes less sure."""

    def build(self, width: int, labels: Labels) -> "LinearTagger":
        """Make the map."""
        return LinearTagger(width, len(labels), self.dropout, self.label_smoothing)


@final
class LinearTagger(DecoderModule):
    """A linear map and a softmax over the tags of each step."""

    def __init__(self, width: int, labels: int, dropout: float, label_smoothing: float) -> None:
        super().__init__()
        self.dropout = Dropout(dropout)
        self.output = nn.Linear(width, labels)
        self.label_smoothing = label_smoothing

    def loss(self, states: States, target: Int[Tensor, "batch time"]) -> Loss:
        """Cross-entropy over the real steps that have a known tag."""
        kept = states.mask & (target != UNSEEN)
        logits = self.output(self.dropout(states.outputs)[kept])
        total = nn.functional.cross_entropy(
            logits.float(), target[kept], reduction="sum", label_smoothing=self.label_smoothing
        )
        return Loss(total, len(logits))

    def predict(self, states: States) -> Tags:
        """The likeliest tag of each step."""
        scores, labels = torch.softmax(self.output(states.outputs).float(), -1).max(-1)
        return Tags(labels, scores)
