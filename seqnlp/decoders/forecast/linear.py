"""Linear map of the look-back itself: DLinear and NLinear."""

from typing import Annotated, Literal, final

import torch
from pydantic import Field
from torch import Tensor, nn

from seqnlp.decoders.forecast.base import ForecastDecoder, ForecastModule, ForecastShape, FutureContext
from seqnlp.nn.distributions import Distribution
from seqnlp.nn.dropout import Dropout
from seqnlp.nn.grouped_linear import GroupedLinear, Grouping
from seqnlp.nn.states import States
from seqnlp.shapes import Float


@final
class LinearMap(ForecastDecoder):
    """Linear map from all values of the look-back to the horizon (Zeng et al., 2023).

    With `moving_average` it is their DLinear; without, and with `data.instance_norm = "last"`, it is their NLinear.
    """

    renamed = {"trend": "moving_average"}

    kind: Literal["linear"] = "linear"
    moving_average: Annotated[int, Field(ge=0)] = 25
    """Steps of the moving average that is the trend; it and the remainder have a map each. 0: one map of all."""
    individual: bool = False
    """Separate maps for each column of each series; else all share the same ones."""

    def build(self, shape: ForecastShape) -> "LinearMapModule":
        """Build the maps."""
        output = self.output.build()
        return LinearMapModule(shape, output, self.moving_average, self.dropout, self.calibrate, self.individual)


@final
class LinearMapModule(ForecastModule):
    """One or two linear maps over time, shared or not by all channels; it reads the values alone."""

    def __init__(
        self,
        shape: ForecastShape,
        output: Distribution,
        trend: int = 25,
        dropout: float = 0.0,
        calibrated: bool = False,
        individual: bool = False,
    ) -> None:
        super().__init__(shape, output, calibrated)
        self.trend, self.individual = trend, individual
        self.dropout = Dropout(dropout)
        before, after = shape.lookback, shape.horizon * output.size
        self.maps = nn.ModuleList(
            GroupedLinear(shape.series * shape.channels, before, after) if individual else nn.Linear(before, after)
            for _ in range(2 if trend else 1)
        )

    def forward(self, states: States, future: FutureContext) -> Float[Tensor, "batch horizon channels size"]:
        """See `ForecastModule.forward`."""
        values = self.dropout(states.outputs[..., : self.shape.channels].transpose(1, 2))
        parts = [values]
        if self.trend:
            trend = moving_average(values, self.trend)
            parts = [values - trend, trend]
        if self.individual:
            channels = torch.arange(self.shape.channels, device=values.device)
            which = future.series[:, None] * self.shape.channels + channels
            grouping = Grouping.of(which.flatten())
            mapped = [each(part.flatten(0, 1), grouping) for each, part in zip(self.maps, parts, strict=True)]
        else:
            mapped = [each(part) for each, part in zip(self.maps, parts, strict=True)]
        steps = torch.stack(mapped).sum(0)
        named = steps.reshape(len(values), self.shape.channels, self.shape.horizon, self.output.size)
        return named.transpose(1, 2)


def moving_average(
    values: Float[Tensor, "batch channels lookback"], steps: int
) -> Float[Tensor, "batch channels lookback"]:
    """Centred moving average, with the first and the last value repeated beyond the ends."""
    before = (steps - 1) // 2
    padded = nn.functional.pad(values, (before, steps - 1 - before), "replicate")
    return nn.functional.avg_pool1d(padded, steps, 1)
