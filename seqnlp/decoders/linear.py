"""Linear tagger: a softmax over the tags of each step."""

from typing import Annotated, Literal, final

import torch
from pydantic import Field
from torch import Tensor, nn

from seqnlp.codecs import Labels
from seqnlp.codecs.labels import UNSEEN
from seqnlp.decoders.base import Allowed, LabelModule, Loss, TagDecoder, Tags
from seqnlp.nn.dropout import Dropout
from seqnlp.nn.encoder import States
from seqnlp.nn.viterbi import best_paths
from seqnlp.shapes import Bool, Float, Int


@final
class Linear(TagDecoder):
    """A linear map and a softmax at each step."""

    transferable = ("dropout", "label_smoothing", "calibrate")

    kind: Literal["linear"] = "linear"
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """Share of the encoder's features dropped, the same ones in all of a sentence."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the target probability that is spread over all tags; scores become less confident."""
    calibrate: bool = False
    """Fit a temperature on dev after training, so that scores are calibrated."""

    def build(self, width: int, labels: Labels, allowed: Allowed | None = None) -> "LinearTagger":
        return LinearTagger(self, width, len(labels), self.forbidden(labels, allowed))


@final
class LinearTagger(LabelModule):
    """A linear map and a softmax over the tags of each step."""

    named_axes = {"output.weight": (0,), "output.bias": (0,)}

    def __init__(self, spec: Linear, width: int, labels: int, forbidden: Bool[Tensor, "states states"]) -> None:
        super().__init__()
        self.dropout, self.label_smoothing = Dropout(spec.dropout), spec.label_smoothing
        self.output = nn.Linear(width, labels)
        self.is_free = not forbidden.any()
        penalties = torch.zeros(forbidden.shape).masked_fill(forbidden, -torch.inf)
        self.register_buffer("_penalties", penalties, persistent=False)
        self._penalties: Tensor
        self.register_buffer("temperature", torch.ones(()), persistent=spec.calibrate)
        self.temperature: Tensor

    def loss(self, states: States, target: Int[Tensor, "batch time"]) -> Loss:
        """Cross-entropy over the real steps that have a known tag."""
        kept = states.mask & (target != UNSEEN)
        logits = self.output(self.dropout(states.outputs)[kept])
        total = nn.functional.cross_entropy(
            logits.float(), target[kept], reduction="sum", label_smoothing=self.label_smoothing
        )
        return Loss(total, len(logits))

    def predict(self, states: States) -> Tags:
        """Likeliest tag of each step, or the likeliest allowed sequence."""
        logs = torch.log_softmax(self.logits(states) / self.temperature, -1)
        if self.is_free:
            scores, labels = logs.max(-1)
        else:
            labels = best_paths(logs, self._penalties, states.mask).labels[:, 0]
            scores = logs.gather(-1, labels[..., None])[..., 0]
        return Tags(labels, scores.exp())

    def probabilities(self, states: States) -> Float[Tensor, "batch time labels"]:
        return torch.softmax(self.logits(states) / self.temperature, -1)

    def logits(self, states: States) -> Float[Tensor, "batch time labels"]:
        """Logits of each tag at each step."""
        return self.output(states.outputs).float()  # type: ignore[no-any-return]
