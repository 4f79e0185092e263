"""Pooling: one vector from the steps of a sequence. Padding never reaches it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from seqnlp.nn.encoder import States
from seqnlp.shapes import Float


@dataclass(frozen=True)
class Pooled:
    """A batch of sequences as one vector each."""

    vectors: Float[Tensor, "batch pooled"]
    weights: Float[Tensor, "batch time"] | None = None
    """The weight of each step, if the pooling chooses it: 0 at padded steps, in sum 1."""


class Pooling(nn.Module, ABC):
    """Pools the steps of a sequence into one vector."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        """Features of that vector."""

    @abstractmethod
    def forward(self, states: States) -> Pooled:
        """Pool a batch."""


class LastStep(Pooling):
    """The last real step; of a bidirectional encoder the first one beside it."""

    def __init__(self, width: int, both_ends: bool) -> None:
        super().__init__(width * (2 if both_ends else 1))
        self.both_ends = both_ends

    def forward(self, states: States) -> Pooled:
        rows = torch.arange(len(states.mask), device=states.mask.device)
        last = states.outputs[rows, states.mask.sum(1) - 1]
        return Pooled(torch.cat([last, states.outputs[:, 0]], 1) if self.both_ends else last)


class Sum(Pooling):
    """The sum of the real steps."""

    def forward(self, states: States) -> Pooled:
        return Pooled(states.outputs.masked_fill(~states.mask.unsqueeze(-1), 0).sum(1))


class Mean(Pooling):
    """The mean of the real steps."""

    def forward(self, states: States) -> Pooled:
        mask = states.mask.unsqueeze(-1)
        return Pooled(states.outputs.masked_fill(~mask, 0).sum(1) / mask.sum(1))


class Max(Pooling):
    """The maximum of each feature over the real steps."""

    def forward(self, states: States) -> Pooled:
        return Pooled(states.outputs.masked_fill(~states.mask.unsqueeze(-1), -torch.inf).amax(1))


class Concat(Pooling):
    """The last real step, the maximum and the mean side by side (Howard and Ruder, 2018)."""

    def __init__(self, width: int, both_ends: bool) -> None:
        parts = [LastStep(width, both_ends), Max(width), Mean(width)]
        super().__init__(sum(part.width for part in parts))
        self.parts = nn.ModuleList(parts)

    def forward(self, states: States) -> Pooled:
        return Pooled(torch.cat([part(states).vectors for part in self.parts], 1))


class Attention(Pooling):
    """Attention pooling: a mean with learned weights (Yang et al., 2016)."""

    def __init__(self, width: int, size: int) -> None:
        super().__init__(width)
        self.hidden = nn.Linear(width, size)
        self.context = nn.Linear(size, 1, bias=False)

    def forward(self, states: States) -> Pooled:
        outputs = states.outputs.masked_fill(~states.mask.unsqueeze(-1), 0)
        strength = self.context(torch.tanh(self.hidden(outputs))).squeeze(-1).float()
        weights = torch.softmax(strength.masked_fill(~states.mask, -torch.inf), -1)
        return Pooled((weights.to(outputs.dtype).unsqueeze(1) @ outputs).squeeze(1), weights)
