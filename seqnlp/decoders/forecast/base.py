"""Contract of decoders of forecasts."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from seqnlp.decoders.base import DecoderModule, Loss
from seqnlp.decoders.forecast.outputs import Output, PointOutput
from seqnlp.nn.device import TensorBatch
from seqnlp.nn.distributions import Distribution
from seqnlp.nn.states import States
from seqnlp.nn.window_affine import WindowAffine
from seqnlp.shapes import Bool, Float, Int
from seqnlp.spec import Family


@dataclass(frozen=True)
class ForecastShape:
    """Sizes that a forecasting decoder is built for."""

    width: int
    """Features of an encoded step."""
    reads_ahead: bool
    """True if an encoded step depends on later ones."""
    lookback: int
    """Steps of the look-back."""
    horizon: int
    """Steps to forecast."""
    channels: int
    """Values at each of them."""
    known: int
    """Features known of each step of the horizon: the calendar, covariates."""
    lanes: int
    """Series in train."""


@dataclass(frozen=True)
class Ahead(TensorBatch):
    """Known features of the horizon, and the scale of the window before it."""

    known: Float[Tensor, "batch horizon known"]
    lanes: Int[Tensor, " batch"]
    """The number of the series that each window is of."""
    last: Float[Tensor, "batch channels"]
    """The last value of the scaled window, as the embedding is given it."""
    shift: Float[Tensor, "batch channels"]
    """Subtracted from the window's values."""
    scale: Float[Tensor, "batch channels"]
    """The divisor of the window's values after that."""


@dataclass(frozen=True)
class ForecastTarget(TensorBatch):
    """Ground truth over the horizon."""

    values: Float[Tensor, "batch horizon channels"]
    observed: Bool[Tensor, "batch horizon channels"]
    """False where a value is missing."""
    ahead: Ahead


class ForecastDecoder(Family, ABC):
    """Continues a window of a series."""

    default_kind: ClassVar[str | None] = "direct"

    output: Output = PointOutput()
    """Output of each value: a point, quantiles, or a gaussian."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of features dropped before the last map."""
    calibrate: bool = False
    """Shift quantiles after training so that on dev each has its share of values below it."""

    def faults(self) -> Iterator[tuple[str, str]]:
        """Find settings that contradict each other: keys of this section, and problems."""
        return iter(())

    @abstractmethod
    def build(self, shape: ForecastShape) -> "ForecastModule":
        """Make the network, with fresh random weights."""


class ForecastModule(DecoderModule, ABC):
    """Network of a forecasting decoder; it computes on scaled values, and predicts in the window's own scale."""

    def __init__(self, shape: ForecastShape, output: Distribution, calibrated: bool = False) -> None:
        super().__init__()
        self.shape, self.output = shape, output
        shifts = torch.zeros(shape.lanes, shape.horizon, shape.channels, output.size)
        self.register_buffer("shifts", shifts, persistent=calibrated)
        self.shifts: Tensor
        """Offsets that calibration adds, in units of the window's scale."""
        self.affine: WindowAffine | None = None
        """The learned affine map of the embedding, shared with it, to be undone."""

    @abstractmethod
    def forward(self, states: States, ahead: Ahead) -> Float[Tensor, "batch horizon channels size"]:
        """Compute raw outputs, before the affine map and the scale of the window are undone."""

    def loss(self, states: States, target: ForecastTarget) -> Loss:
        """Loss of the output, summed over the observed values."""
        losses = self.output.loss(self.predict(states, target.ahead), target.values)
        return Loss(torch.where(target.observed, losses, 0).sum(), target.values.numel())

    def predict(self, states: States, ahead: Ahead | None = None) -> Float[Tensor, "batch horizon channels size"]:
        """The parameters of the output for each value."""
        assert ahead is not None, "a forecast needs the context of its window"
        shift, scale = ahead.shift, ahead.scale
        if self.affine is not None:
            ahead = replace(ahead, last=self.affine(ahead.last[:, None], ahead.lanes)[:, 0])
            shift, scale = self.affine.back(shift, scale, ahead.lanes)
        raw = self(states, ahead).float()
        shift, scale = (part[:, None].expand(raw.shape[:-1]) for part in (shift, scale))
        return self.output.shaped(raw, shift, scale) + self.shifts[ahead.lanes] * ahead.scale[:, None, :, None]
