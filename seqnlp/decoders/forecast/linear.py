"""Linear map of the look-back itself: DLinear and NLinear."""

from collections.abc import Iterator
from typing import Annotated, Literal, final

import torch
from pydantic import Field
from torch import Tensor, nn

from seqnlp.decoders.forecast.base import ForecastDecoder, ForecastModule, ForecastShape, FutureContext
from seqnlp.nn.dropout import Dropout
from seqnlp.nn.encoder import States
from seqnlp.nn.grouped_linear import GroupedLinear
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
        return LinearMapModule(self, shape)


@final
class LinearMapModule(ForecastModule):
    """One or two linear maps over time, for all channels or each. It reads the values alone."""

    def __init__(self, spec: LinearMap, shape: ForecastShape) -> None:
        super().__init__(spec, shape)
        self.trend, self.individual = spec.moving_average, spec.individual
        self.dropout = Dropout(spec.dropout)
        before, after = shape.lookback, shape.horizon * self.output.size
        self.maps = nn.ModuleList(
            GroupedLinear(shape.series * shape.channels, before, after) if self.individual else nn.Linear(before, after)
            for _ in range(2 if self.trend else 1)
        )

    def of_series(self) -> Iterator[tuple[str, nn.Module, str]]:
        yield from super().of_series()
        if self.individual:
            yield from (("linear map", each, name) for each in self.maps for name in ("weight", "bias"))

    def forward(self, states: States, future: FutureContext) -> Float[Tensor, "batch horizon channels size"]:
        values = self.dropout(states.outputs[..., : self.shape.channels].transpose(1, 2))
        parts = [values]
        if self.trend:
            trend = moving_average(values, self.trend)
            parts = [values - trend, trend]
        if self.individual:
            channels = torch.arange(self.shape.channels, device=values.device)
            which = (future.series[:, None] * self.shape.channels + channels).flatten()
            mapped = [each(part.flatten(0, 1), which) for each, part in zip(self.maps, parts, strict=True)]
        else:
            mapped = [each(part) for each, part in zip(self.maps, parts, strict=True)]
        steps = torch.stack(mapped).sum(0)
        named = steps.reshape(len(values), self.shape.channels, self.shape.horizon, self.output.size)
        return named.transpose(1, 2)


def moving_average(
    values: Float[Tensor, "batch channels lookback"], steps: int
) -> Float[Tensor, "batch channels lookback"]:
    """Centred moving average; the first and the last value are repeated beyond the ends."""
    before = (steps - 1) // 2
    padded = nn.functional.pad(values, (before, steps - 1 - before), "replicate")
    return nn.functional.avg_pool1d(padded, steps, 1)
