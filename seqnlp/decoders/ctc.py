"""`[decoder]` of a transcriber: connectionist temporal classification (Graves et al., 2006)."""

from dataclasses import dataclass
from typing import Annotated, final

import torch
from pydantic import Field
from torch import Tensor, nn

from seqnlp.decoders.base import DecoderModule, Loss
from seqnlp.nn.ctc import BLANK
from seqnlp.nn.device import TensorBatch
from seqnlp.nn.dropout import Dropout
from seqnlp.nn.encoder import States
from seqnlp.shapes import Float, Int
from seqnlp.spec import Spec


@dataclass(frozen=True)
class CtcTarget(TensorBatch):
    """Labels of a batch, padded."""

    labels: Int[Tensor, "batch longest"]
    lengths: Int[Tensor, " batch"]
    """Labels of each row."""


@final
class Ctc(Spec):
    """Softmax over labels and the blank at each step; the loss sums over all alignments."""

    transferable = ("dropout",)

    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """Share of the encoder's features dropped, the same ones in all of an utterance."""

    def build(self, width: int, labels: int) -> "CtcDecoder":
        """Build the network for encoded steps of this width; `labels` counts the blank."""
        return CtcDecoder(width, labels, self.dropout)


@final
class CtcDecoder(DecoderModule):
    """Dropout, linear map and softmax; label 0 is the blank."""

    named_axes = {"output.weight": (0,), "output.bias": (0,)}

    def __init__(self, width: int, labels: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = Dropout(dropout)
        self.output = nn.Linear(width, labels)
        nn.init.zeros_(self.output.bias)

    def loss(self, states: States, target: CtcTarget) -> Loss:
        """Negative log-likelihood of the labels; that of utterances too short for them counts as 0."""
        logs = torch.log_softmax(self.output(self.dropout(states.outputs)).float(), -1)
        total = nn.functional.ctc_loss(
            logs.transpose(0, 1),
            target.labels,
            states.mask.sum(1),
            target.lengths,
            blank=BLANK,
            reduction="sum",
            zero_infinity=True,
        )
        return Loss(total, int(target.lengths.sum()))

    def predict(self, states: States) -> Float[Tensor, "batch time labels"]:
        """Log-probability of each label at each step."""
        return torch.log_softmax(self.output(states.outputs).float(), -1)
