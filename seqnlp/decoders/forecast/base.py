"""Contract of forecast decoders."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from seqnlp.decoders.base import DecoderModule, Loss
from seqnlp.decoders.forecast.outputs import Output, PointOutput
from seqnlp.nn.device import TensorBatch
from seqnlp.nn.encoder import States
from seqnlp.nn.window_affine import WindowAffine
from seqnlp.shapes import Bool, Float, Int
from seqnlp.spec import Family


@dataclass(frozen=True)
class ForecastShape:
    """Shape of a forecast."""

    width: int
    """Features of an encoded step."""
    reads_ahead: bool
    """True if the encoder reads ahead."""
    lookback: int
    """Steps of the look-back."""
    horizon: int
    """Steps of the forecast."""
    channels: int
    """Values at each step."""
    future_covariates: int
    """Future covariates of each step, calendar features included."""
    series: int
    """Number of series in train."""


@dataclass(frozen=True)
class FutureContext(TensorBatch):
    """Context of a forecast: future covariates, and the scale of the look-back."""

    covariates: Float[Tensor, "batch horizon covariates"]
    """Future covariates and calendar features."""
    series: Int[Tensor, " batch"]
    """Index of each window's series."""
    last: Float[Tensor, "batch channels"]
    """Last value of the look-back, normalised as in the inputs of the embedding."""
    shift: Float[Tensor, "batch channels"]
    """Shift of the instance normalisation, subtracted from the values of the window."""
    scale: Float[Tensor, "batch channels"]
    """Scale of the instance normalisation, which they were divided by after that."""


@dataclass(frozen=True)
class ForecastTarget(TensorBatch):
    """Ground truth over the horizon."""

    values: Float[Tensor, "batch horizon channels"]
    observed: Bool[Tensor, "batch horizon channels"]
    """False where a value is missing."""
    future: FutureContext


class ForecastDecoder(Family, ABC):
    """Forecast decoder of a window of a series."""

    transferable = ("dropout", "calibrate")

    default_kind: ClassVar[str | None] = "direct"

    output: Output = PointOutput()
    """Distribution of each value: a point, quantiles, or a gaussian."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Dropout before the last map."""
    calibrate: bool = False
    """Calibrate quantiles after the training by shifts, so that the right share of dev's values is under each."""

    def faults(self) -> Iterator[tuple[str, str]]:
        """Find settings that contradict each other: keys of this section, and problems."""
        return iter(())

    @abstractmethod
    def build(self, shape: ForecastShape) -> "ForecastModule":
        """Build the network, with random weights."""


class ForecastModule(DecoderModule, ABC):
    """Network of a `ForecastDecoder`. It computes normalised values; its predictions are denormalised."""

    def __init__(self, spec: ForecastDecoder, shape: ForecastShape) -> None:
        super().__init__()
        self.shape, self.output = shape, spec.output.build()
        shifts = torch.zeros(shape.series, shape.horizon, shape.channels, self.output.size)
        self.register_buffer("shifts", shifts, persistent=spec.calibrate)
        self.shifts: Tensor
        """Shifts of the calibration, in units of the window's scale."""
        self.affine: WindowAffine | None = None
        """Learned map of the embedding, shared with it, to be undone."""

    def of_series(self) -> Iterator[tuple[str, nn.Module, str]]:
        """Yield the tensors that have rows for each series: name, module, attribute."""
        if self.shifts.any():
            yield "calibration", self, "shifts"
        if self.affine is not None:
            yield "affine map", self.affine, "log_gamma"
            yield "affine map", self.affine, "beta"

    def add_series(self, added: int, known: int) -> None:
        """Add series as the mean over the `known` ones."""
        tensors = [(module, name) for _, module, name in self.of_series()]
        for module, name in {(self, "shifts"): None, **dict.fromkeys(tensors)}:
            tensor = getattr(module, name).detach()
            mean = tensor.reshape(known, -1, *tensor.shape[1:]).mean(0)
            longer = torch.cat([tensor, *[mean] * added])
            is_learned = isinstance(getattr(module, name), nn.Parameter)
            setattr(module, name, nn.Parameter(longer, requires_grad=False) if is_learned else longer)

    @abstractmethod
    def forward(self, states: States, future: FutureContext) -> Float[Tensor, "batch horizon channels size"]:
        """Compute the raw parameters of each value. A learned map and the normalisation are still to be undone."""

    def loss(self, states: States, target: ForecastTarget) -> Loss:
        """Loss of the distribution, summed over the observed values."""
        losses = self.output.loss(self.predict(states, target.future), target.values)
        return Loss(torch.where(target.observed, losses, 0).sum(), target.values.numel())

    def predict(
        self, states: States, future: FutureContext | None = None
    ) -> Float[Tensor, "batch horizon channels size"]:
        """Predict the parameters of the distribution of each value."""
        assert future is not None, "a forecast needs to know what it is a forecast of"
        shift, scale = future.shift, future.scale
        if self.affine is not None:
            future = replace(future, last=self.affine(future.last[:, None], future.series)[:, 0])
            shift, scale = self.affine.back(shift, scale, future.series)
        raw = self(states, future).float()
        shift, scale = (part[:, None].expand(raw.shape[:-1]) for part in (shift, scale))
        return self.output.shaped(raw, shift, scale) + self.shifts[future.series] * future.scale[:, None, :, None]
