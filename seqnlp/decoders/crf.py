"""Tags chosen together, by a conditional random field."""

from typing import Annotated, Literal, final

import torch
from pydantic import Field
from torch import Tensor, nn

from seqnlp.codecs import Labels
from seqnlp.codecs.labels import UNSEEN
from seqnlp.decoders.base import Loss
from seqnlp.decoders.tags import Allowed, TagDecoder, TagModule, Tags
from seqnlp.nn.crf import expectations, log_partition, path_score
from seqnlp.nn.dropout import Dropout
from seqnlp.nn.states import States
from seqnlp.nn.viterbi import Paths, best_paths
from seqnlp.shapes import Bool, Float, Int


@final
class Crf(TagDecoder):
    """All tags of a sentence together: a linear map, and a score for each tag after another."""

    kind: Literal["crf"] = "crf"
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """Share of the encoder's features dropped, the same ones in all of a sentence."""

    def build(self, width: int, labels: Labels, allowed: Allowed | None = None) -> "CrfTagger":
        """Make the field. See `TagDecoder.build`."""
        return CrfTagger(width, len(labels), self.dropout, self.forbidden(labels, allowed))


@final
class CrfTagger(TagModule):
    """A linear-chain conditional random field; what is forbidden has no probability, in training neither."""

    def __init__(self, width: int, labels: int, dropout: float, forbidden: Bool[Tensor, "states states"]) -> None:
        super().__init__()
        self.dropout = Dropout(dropout)
        self.output = nn.Linear(width, labels)
        self.moves = nn.Parameter(torch.zeros(labels + 1, labels + 1))
        self.register_buffer("_forbidden", forbidden, persistent=False)
        self._forbidden: Tensor

    @property
    def transitions(self) -> Float[Tensor, "states states"]:
        """The score of each label after each other, the boundary last."""
        return self.moves.masked_fill(self._forbidden, -torch.inf)

    def loss(self, states: States, target: Int[Tensor, "batch time"]) -> Loss:
        """The negative log-likelihood of the sentences all of whose tags are known."""
        kept = ((target != UNSEEN) | ~states.mask).all(1)
        mask, target = states.mask[kept], target[kept]
        emissions = self.output(self.dropout(states.outputs)[kept]).float()
        if not len(mask):
            return Loss(emissions.sum(), 0)
        transitions = self.transitions
        scores = path_score(emissions, transitions, mask, target)
        return Loss((log_partition(emissions, transitions, mask) - scores).sum(), int(mask.sum()))

    def predict(self, states: States) -> Tags:
        """The likeliest sequence of tags, and how likely each of them is at its step, whatever the others are."""
        emissions = self.output(states.outputs).float()
        labels = best_paths(emissions, self.transitions, states.mask).labels[:, 0]
        marginals = expectations(emissions, self.transitions, states.mask).labels
        return Tags(labels, marginals.gather(-1, labels[..., None])[..., 0].float())

    def best(self, states: States, number: int) -> Paths:
        """The likeliest sequences of tags, with the logarithms of their probabilities as scores."""
        emissions = self.output(states.outputs).float()
        found = best_paths(emissions, self.transitions, states.mask, number)
        total = expectations(emissions, self.transitions, states.mask).log_partition
        return Paths(found.labels, found.scores - total[:, None].float())
