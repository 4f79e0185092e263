"""Decoders that pool the steps of a text and classify it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, final

import torch
from pydantic import Field
from torch import Tensor, nn

from seqnlp.codecs.labels import UNSEEN
from seqnlp.decoders.base import DecoderModule, Loss
from seqnlp.nn.dropout import Dropout
from seqnlp.nn.encoder import States
from seqnlp.nn.pooling import Attention, Concat, LastStep, Max, Mean, Pooling, Sum
from seqnlp.shapes import Float
from seqnlp.spec import Family


@dataclass(frozen=True)
class Classes:
    """Predicted classes of a batch of texts."""

    logits: Float[Tensor, "batch labels"]
    scores: Float[Tensor, "batch labels"]
    """Probabilities: they sum to 1, or, for multilabel texts, are independent."""
    weights: Float[Tensor, "batch time"] | None
    """Weight of each step, if the pooling alone decides it."""


class PoolDecoder(Family, ABC):
    """Pools the steps of a text into one vector, and classifies that."""

    transferable = ("dropout", "label_smoothing", "class_weights", "calibrate")

    default_kind: ClassVar[str | None] = "max"

    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """Share of the pooled features dropped."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the target probability that is spread over all classes; scores become less confident."""
    class_weights: Literal["balanced"] | dict[str, Annotated[float, Field(gt=0)]] | None = None
    """Weight of each class in the loss: a table, or `balanced`, which makes up for rare ones; left out: 1."""
    calibrate: bool = False
    """Fit a temperature on dev after training, so that scores are calibrated."""

    @abstractmethod
    def pooling(self, width: int, reads_ahead: bool) -> Pooling:
        """Make the pooling for encoded steps of this width."""

    def build(
        self, width: int, weights: Float[Tensor, " labels"], multilabel: bool, reads_ahead: bool, votes: bool = False
    ) -> "PoolClassifier":
        """Make the network.

        Args:
            width: Features of an encoded step.
            weights: Of the classes in the loss.
            multilabel: A text has any number of labels rather than one.
            reads_ahead: An encoded step depends on later ones.
            votes: Each step has, after those features, a vote for each class.
        """
        pooling = self.pooling(width, reads_ahead)
        output = nn.Linear(pooling.width, len(weights))
        return PoolClassifier(pooling, output, weights, multilabel, self.dropout, self.label_smoothing, votes)


@final
class LastPool(PoolDecoder):
    """Last step; of a bidirectional encoder the first one beside it."""

    kind: Literal["last"] = "last"

    def pooling(self, width: int, reads_ahead: bool) -> LastStep:
        return LastStep(width, reads_ahead)


@final
class MeanPool(PoolDecoder):
    """Mean of all steps."""

    kind: Literal["mean"] = "mean"

    def pooling(self, width: int, reads_ahead: bool) -> Mean:
        return Mean(width)


@final
class MaxPool(PoolDecoder):
    """Maximum of each feature over the steps."""

    kind: Literal["max"] = "max"

    def pooling(self, width: int, reads_ahead: bool) -> Max:
        return Max(width)


@final
class ConcatPool(PoolDecoder):
    """Last step, maximum and mean side by side (concat pooling; Howard and Ruder, 2018)."""

    kind: Literal["concat"] = "concat"

    def pooling(self, width: int, reads_ahead: bool) -> Concat:
        return Concat(width, reads_ahead)


@final
class AttentionPool(PoolDecoder):
    """Attention pooling: a mean with learned weights (Yang et al., 2016)."""

    kind: Literal["attention"] = "attention"
    size: Annotated[int, Field(ge=1)] = 64
    """Hidden units of the layer that weights the steps."""

    def pooling(self, width: int, reads_ahead: bool) -> Attention:
        return Attention(width, self.size)


@final
class PoolClassifier(DecoderModule):
    """A pooling and a linear map to the classes; votes of the steps are added."""

    named_axes = {"output.weight": (0,), "output.bias": (0,)}

    def __init__(
        self,
        pooling: Pooling,
        output: nn.Linear,
        weights: Float[Tensor, " labels"],
        multilabel: bool,
        dropout: float = 0.0,
        label_smoothing: float = 0.0,
        votes: bool = False,
    ) -> None:
        super().__init__()
        self.pooling, self.multilabel, self.label_smoothing = pooling, multilabel, label_smoothing
        self.votes = len(weights) if votes else 0
        self.dropout = Dropout(dropout)
        self.output = output
        self.register_buffer("class_weights", weights)
        self.register_buffer("temperature", torch.ones(()))
        self.class_weights: Tensor
        self.temperature: Tensor

    def loss(self, states: States, target: Tensor) -> Loss:
        """Cross-entropy over the texts whose label is known.

        Args:
            states: The encoded texts.
            target: The number of each text's class, shape (batch,), or, for multilabel texts,
                1 for each that it has and 0 for the others, shape (batch, labels).
        """
        logits = self.predict(states).logits
        if self.multilabel:
            smoothed = target.float() * (1 - self.label_smoothing) + self.label_smoothing / 2
            total = nn.functional.binary_cross_entropy_with_logits(
                logits, smoothed, reduction="sum", pos_weight=self.class_weights
            )
            return Loss(total, len(target))
        kept = target != UNSEEN
        total = nn.functional.cross_entropy(
            logits[kept],
            target[kept],
            self.class_weights.to(logits.dtype),
            reduction="sum",
            label_smoothing=self.label_smoothing,
        )
        return Loss(total, int(kept.sum()))

    def predict(self, states: States) -> Classes:
        """Each class with its probability."""
        width = states.outputs.shape[-1] - self.votes
        pooled = self.pooling(States(states.outputs[..., :width], states.mask))
        dropped = self.dropout(pooled.vectors.unsqueeze(1)).squeeze(1)
        logits = self.output(dropped).float()
        if self.votes:
            votes = States(states.outputs[..., width:].float(), states.mask)
            logits = logits + Sum(self.votes)(votes).vectors
        cooled = logits / self.temperature
        weights = None if self.votes else pooled.weights
        return Classes(logits, cooled.sigmoid() if self.multilabel else cooled.softmax(-1), weights)
