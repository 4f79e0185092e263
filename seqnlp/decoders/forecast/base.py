"""What decoders of forecasts have in common."""

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
    """How much is to be forecast, and from what."""

    width: int
    """Features of an encoded step."""
    reads_ahead: bool
    """Whether an encoded step knows of later ones."""
    lookback: int
    """Steps that are looked back at."""
    horizon: int
    """Steps to forecast."""
    channels: int
    """Values at each of them."""
    known: int
    """Features that are known of each of them: the calendar, covariates."""
    lanes: int
    """Different series that train has."""


@dataclass(frozen=True)
class Ahead(TensorBatch):
    """What is known of the steps to come, and of the window that they come after."""

    known: Float[Tensor, "batch horizon known"]
    lanes: Int[Tensor, " batch"]
    """The number of the series that each window is of."""
    last: Float[Tensor, "batch channels"]
    """The last value of the window with shift and scale taken off, as the embedding is given it."""
    shift: Float[Tensor, "batch channels"]
    """What was taken off the window's values."""
    scale: Float[Tensor, "batch channels"]
    """What they were divided by after that."""


@dataclass(frozen=True)
class ForecastTarget(TensorBatch):
    """What came."""

    values: Float[Tensor, "batch horizon channels"]
    observed: Bool[Tensor, "batch horizon channels"]
    """False where a value is missing."""
    ahead: Ahead


class ForecastDecoder(Family, ABC):
    """Continues a window of a series."""

    default_kind: ClassVar[str | None] = "direct"

    output: Output = PointOutput()
    """What is said of each value: a point, quantiles, or a gaussian."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of features dropped before the last map."""
    calibrate: bool = False
    """Shift quantiles after the training so that, on dev, the right share of values is under each of them."""

    def faults(self) -> Iterator[tuple[str, str]]:
        """Find settings that contradict each other: keys of this section, and problems."""
        return iter(())

    @abstractmethod
    def build(self, shape: ForecastShape) -> "ForecastModule":
        """Make the network, with fresh random weights."""


class ForecastModule(DecoderModule, ABC):
    """A decoder of forecasts. Its network sees values without the window's shift and scale, its answers have them."""

    def __init__(self, shape: ForecastShape, output: Distribution, calibrated: bool = False) -> None:
        super().__init__()
        self.shape, self.output = shape, output
        shifts = torch.zeros(shape.lanes, shape.horizon, shape.channels, output.size)
        self.register_buffer("shifts", shifts, persistent=calibrated)
        self.shifts: Tensor
        """What calibration adds, in units of the window's scale."""
        self.affine: WindowAffine | None = None
        """The learned map that the embedding sends values through, to be undone: the very same one."""

    @abstractmethod
    def forward(self, states: States, ahead: Ahead) -> Float[Tensor, "batch horizon channels size"]:
        """What the network says of each value, before a learned map is undone and shift and scale are put on."""

    def loss(self, states: States, target: ForecastTarget) -> Loss:
        """The loss of the output, summed over the values that are there."""
        losses = self.output.loss(self.predict(states, target.ahead), target.values)
        return Loss(torch.where(target.observed, losses, 0).sum(), target.values.numel())

    def predict(self, states: States, ahead: Ahead | None = None) -> Float[Tensor, "batch horizon channels size"]:
        """The parameters of the output for each value."""
        assert ahead is not None, "a forecast needs to know what it is a forecast of"
        shift, scale = ahead.shift, ahead.scale
        if self.affine is not None:
            ahead = replace(ahead, last=self.affine(ahead.last[:, None], ahead.lanes)[:, 0])
            shift, scale = self.affine.back(shift, scale, ahead.lanes)
        raw = self(states, ahead).float()
        shift, scale = (part[:, None].expand(raw.shape[:-1]) for part in (shift, scale))
        return self.output.shaped(raw, shift, scale) + self.shifts[ahead.lanes] * ahead.scale[:, None, :, None]
