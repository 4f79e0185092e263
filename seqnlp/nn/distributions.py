"""What a forecast says of each value to come: a number, some quantiles, or a normal distribution."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from math import log, pi, sqrt
from typing import Literal, final

import torch
from torch import Tensor, nn

from seqnlp.shapes import Float

PointLoss = Literal["mse", "mae", "huber"]

SMALLEST = 1e-3
"""The least standard deviation of a normal distribution, in units of the scaled values."""


class Distribution(ABC):
    """Turns the numbers that a network gives for a value into a forecast of it.

    Networks see values with a shift and a scale taken off; `shaped` puts these on again.
    """

    size: int
    """Numbers for each value."""

    @abstractmethod
    def shaped(
        self,
        raw: Float[Tensor, "*values size"],
        shift: Float[Tensor, "*values"],
        scale: Float[Tensor, "*values"],
    ) -> Float[Tensor, "*values size"]:
        """The parameters of the forecast, with the shift and the scale of the values put on."""

    @abstractmethod
    def loss(
        self, parameters: Float[Tensor, "*values size"], target: Float[Tensor, "*values"]
    ) -> Float[Tensor, "*values"]:
        """How far each value is from what was said of it."""

    @abstractmethod
    def point(self, parameters: Float[Tensor, "*values size"]) -> Float[Tensor, "*values"]:
        """The one number to expect: what the loss makes best."""

    @abstractmethod
    def covers(self, level: float) -> bool:
        """Whether there is a quantile at this level (0 to 1)."""

    @abstractmethod
    def quantiles(
        self, parameters: Float[Tensor, "*values size"], levels: Sequence[float]
    ) -> Float[Tensor, "*values levels"]:
        """What values stay under with these probabilities; each level must be covered."""


@final
class Point(Distribution):
    """One number a value; it knows nothing of its own error."""

    size = 1

    def __init__(self, loss: PointLoss = "mse") -> None:
        self.kind: PointLoss = loss

    def shaped(
        self, raw: Float[Tensor, "*values size"], shift: Float[Tensor, "*values"], scale: Float[Tensor, "*values"]
    ) -> Float[Tensor, "*values size"]:
        """See `Distribution.shaped`."""
        return raw * scale[..., None] + shift[..., None]

    def loss(
        self, parameters: Float[Tensor, "*values size"], target: Float[Tensor, "*values"]
    ) -> Float[Tensor, "*values"]:
        """Squared error, absolute error, or Huber's mixture of both with its knee at 1."""
        point = parameters[..., 0]
        if self.kind == "mse":
            return (point - target).square()
        if self.kind == "mae":
            return (point - target).abs()
        return nn.functional.huber_loss(point, target, reduction="none")

    def point(self, parameters: Float[Tensor, "*values size"]) -> Float[Tensor, "*values"]:
        """The number itself."""
        return parameters[..., 0]

    def covers(self, level: float) -> bool:
        """No quantile at all."""
        return False

    def quantiles(
        self, parameters: Float[Tensor, "*values size"], levels: Sequence[float]
    ) -> Float[Tensor, "*values levels"]:
        """None."""
        raise ValueError("a point forecast has no quantiles")


@final
class QuantileGrid(Distribution):
    """Quantiles at fixed levels, trained by the pinball loss (Koenker and Bassett, 1978)."""

    def __init__(self, levels: Sequence[float]) -> None:
        """Take the levels, rising, with 0.5 among them."""
        self.levels, self.size = list(levels), len(levels)

    def shaped(
        self, raw: Float[Tensor, "*values size"], shift: Float[Tensor, "*values"], scale: Float[Tensor, "*values"]
    ) -> Float[Tensor, "*values size"]:
        """See `Distribution.shaped`."""
        return raw * scale[..., None] + shift[..., None]

    def loss(
        self, parameters: Float[Tensor, "*values size"], target: Float[Tensor, "*values"]
    ) -> Float[Tensor, "*values"]:
        """The mean pinball loss over the levels, twice, so that it is the absolute error for the median alone."""
        over = target[..., None] - parameters
        levels = over.new_tensor(self.levels)
        return 2 * torch.maximum(levels * over, (levels - 1) * over).mean(-1)

    def point(self, parameters: Float[Tensor, "*values size"]) -> Float[Tensor, "*values"]:
        """The median."""
        return self.quantiles(parameters, [0.5])[..., 0]

    def covers(self, level: float) -> bool:
        """Between the lowest and the highest level that was trained."""
        return self.levels[0] - 1e-9 <= level <= self.levels[-1] + 1e-9

    def quantiles(
        self, parameters: Float[Tensor, "*values size"], levels: Sequence[float]
    ) -> Float[Tensor, "*values levels"]:
        """Those that were trained, put in order, and straight lines between them."""
        rising = parameters.sort(-1).values
        found = []
        for level in levels:
            right = next((n for n, trained in enumerate(self.levels) if trained >= level - 1e-9), self.size - 1)
            left = max(right - 1, 0)
            width = self.levels[right] - self.levels[left]
            share = (level - self.levels[left]) / width if width else 1.0
            found.append(rising[..., left] + min(share, 1.0) * (rising[..., right] - rising[..., left]))
        return torch.stack(found, -1)


@final
class Gaussian(Distribution):
    """A normal distribution for each value, trained by its likelihood."""

    size = 2

    def shaped(
        self, raw: Float[Tensor, "*values size"], shift: Float[Tensor, "*values"], scale: Float[Tensor, "*values"]
    ) -> Float[Tensor, "*values size"]:
        """The mean and the standard deviation, which is kept over 0 by a softplus."""
        deviation = nn.functional.softplus(raw[..., 1]) + SMALLEST
        return torch.stack([raw[..., 0] * scale + shift, deviation * scale], -1)

    def loss(
        self, parameters: Float[Tensor, "*values size"], target: Float[Tensor, "*values"]
    ) -> Float[Tensor, "*values"]:
        """The negative log-likelihood, in nats."""
        mean, deviation = parameters.unbind(-1)
        return ((target - mean) / deviation).square() / 2 + deviation.log() + log(2 * pi) / 2

    def point(self, parameters: Float[Tensor, "*values size"]) -> Float[Tensor, "*values"]:
        """The mean."""
        return parameters[..., 0]

    def covers(self, level: float) -> bool:
        """Every level but 0 and 1."""
        return 0 < level < 1

    def quantiles(
        self, parameters: Float[Tensor, "*values size"], levels: Sequence[float]
    ) -> Float[Tensor, "*values levels"]:
        """By the inverse of the error function."""
        mean, deviation = parameters.unbind(-1)
        places = sqrt(2) * torch.erfinv(2 * parameters.new_tensor(list(levels)) - 1)
        return mean[..., None] + deviation[..., None] * places
