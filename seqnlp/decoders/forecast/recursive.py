"""Step by step, each forecast fed back."""

from typing import Annotated, Literal, final

import torch
from pydantic import Field
from torch import Tensor, nn

from seqnlp.decoders.forecast.base import Ahead, ForecastDecoder, ForecastModule, ForecastShape
from seqnlp.nn.distributions import Distribution
from seqnlp.nn.dropout import Dropout
from seqnlp.nn.pooling import LastStep
from seqnlp.nn.states import States
from seqnlp.shapes import Float


@final
class Recursive(ForecastDecoder):
    """One step after the other: gated recurrent units go on from the last state, and read their own forecasts."""

    kind: Literal["recursive"] = "recursive"
    size: Annotated[int, Field(ge=1)] = 64
    """Units."""

    def build(self, shape: ForecastShape) -> "RecursiveModule":
        """Make the network."""
        return RecursiveModule(shape, self.output.build(), self.size, self.dropout, self.calibrate)


@final
class RecursiveModule(ForecastModule):
    """A recurrent decoder, in training run as it is used: on its own forecasts, not on what really came."""

    def __init__(
        self, shape: ForecastShape, output: Distribution, size: int, dropout: float = 0.0, calibrated: bool = False
    ) -> None:
        super().__init__(shape, output, calibrated)
        self.last = LastStep(shape.width, shape.reads_ahead)
        self.start = nn.Linear(self.last.width, size)
        self.cell = nn.GRUCell(shape.channels + shape.known, size)
        self.dropout = Dropout(dropout)
        self.map = nn.Linear(size, shape.channels * output.size)

    def forward(self, states: States, ahead: Ahead) -> Float[Tensor, "batch horizon channels size"]:
        """See `ForecastModule.forward`."""
        hidden = torch.tanh(self.start(self.last(states).vectors))
        value, steps = ahead.last, []
        for step in range(self.shape.horizon):
            hidden, raw = self.step(hidden, value, ahead.known[:, step])
            value = self.point(raw)
            steps.append(raw)
        return torch.stack(steps, 1)

    def step(
        self,
        hidden: Float[Tensor, "batch units"],
        value: Float[Tensor, "batch channels"],
        known: Float[Tensor, "batch known"],
    ) -> tuple[Float[Tensor, "batch units"], Float[Tensor, "batch channels size"]]:
        """Go one step on from a value, to a step of which something is known."""
        hidden = self.cell(torch.cat([value, known], 1).to(hidden.dtype), hidden)
        features = self.dropout(hidden[:, None])[:, 0]
        return hidden, self.map(features).unflatten(1, (self.shape.channels, self.output.size))

    def point(self, raw: Float[Tensor, "batch channels size"]) -> Float[Tensor, "batch channels"]:
        """The value that is fed back."""
        raw = raw.float()
        zero = torch.zeros_like(raw[..., 0])
        return self.output.point(self.output.shaped(raw, zero, zero + 1))
