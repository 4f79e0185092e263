"""Conditional random field over the tags of a sentence."""

from typing import Annotated, Literal, final

import torch
from pydantic import Field
from torch import Tensor, nn

from seqnlp.codecs import Labels
from seqnlp.codecs.labels import UNSEEN
from seqnlp.decoders.base import Allowed, LabelModule, Loss, TagDecoder, Tags
from seqnlp.nn.crf import expectations, log_partition, path_score
from seqnlp.nn.dropout import Dropout
from seqnlp.nn.encoder import States
from seqnlp.nn.viterbi import Paths, best_paths
from seqnlp.shapes import Bool, Float, Int


@final
class Crf(TagDecoder):
    """A linear-chain CRF: emissions from a linear map, and transition scores."""

    transferable = ("dropout",)

    kind: Literal["crf"] = "crf"
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """Share of the encoder's features dropped, the same ones in all of a sentence."""

    def build(self, width: int, labels: Labels, allowed: Allowed | None = None) -> "CrfTagger":
        return CrfTagger(width, len(labels), self.dropout, self.forbidden(labels, allowed))


@final
class CrfTagger(LabelModule):
    """A linear-chain CRF; forbidden transitions have no probability, in training neither."""

    named_axes = {"output.weight": (0,), "output.bias": (0,), "transition_scores": (0, 1)}

    def __init__(self, width: int, labels: int, dropout: float, forbidden: Bool[Tensor, "states states"]) -> None:
        super().__init__()
        self.dropout = Dropout(dropout)
        self.output = nn.Linear(width, labels)
        self.transition_scores = nn.Parameter(torch.zeros(labels + 1, labels + 1))
        self.register_buffer("_forbidden", forbidden, persistent=False)
        self._forbidden: Tensor

    @property
    def transitions(self) -> Float[Tensor, "states states"]:
        """Transition scores, -inf where forbidden; the boundary comes last."""
        return self.transition_scores.masked_fill(self._forbidden, -torch.inf)

    def loss(self, states: States, target: Int[Tensor, "batch time"]) -> Loss:
        """Negative log-likelihood of the sentences all of whose tags are known."""
        kept = ((target != UNSEEN) | ~states.mask).all(1)
        mask, target = states.mask[kept], target[kept]
        emissions = self.output(self.dropout(states.outputs)[kept]).float()
        if not len(mask):
            return Loss(emissions.sum(), 0)
        transitions = self.transitions
        scores = path_score(emissions, transitions, mask, target)
        return Loss((log_partition(emissions, transitions, mask) - scores).sum(), int(mask.sum()))

    def predict(self, states: States) -> Tags:
        """Likeliest sequence of tags (Viterbi), with the marginal probability of each."""
        emissions = self.output(states.outputs).float()
        labels = best_paths(emissions, self.transitions, states.mask).labels[:, 0]
        marginals = expectations(emissions, self.transitions, states.mask).labels
        return Tags(labels, marginals.gather(-1, labels[..., None])[..., 0].float())

    def probabilities(self, states: States) -> Float[Tensor, "batch time labels"]:
        """Marginal probabilities."""
        emissions = self.output(states.outputs).float()
        return expectations(emissions, self.transitions, states.mask).labels.float()

    def best(self, states: States, number: int) -> Paths:
        """N-best sequences of tags; their log-probabilities are the scores."""
        emissions = self.output(states.outputs).float()
        found = best_paths(emissions, self.transitions, states.mask, number)
        total = expectations(emissions, self.transitions, states.mask).log_partition
        return Paths(found.labels, found.scores - total[:, None].float())
