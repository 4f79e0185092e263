"""Forecast distributions: a point, quantiles, or a normal distribution."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from math import log, pi, sqrt
from typing import Literal, final

import torch
from torch import Tensor, nn

from seqnlp.shapes import Float

PointLoss = Literal["mse", "mae", "huber"]

Values = Float[Tensor, "*values"]
"""One number for each value."""
Parameters = Float[Tensor, "*values size"]
"""Parameters of the distribution of each value."""
Quantiles = Float[Tensor, "*values levels"]
"""Quantiles of each value."""

SMALLEST = 1e-3
"""Least standard deviation of a normal distribution, in units of the scaled values."""


class Distribution(ABC):
    """Distribution of a forecast value, from the outputs of a network.

    Networks see values with a shift and a scale taken off; `shaped` puts these on again.
    """

    size: int
    """Parameters of each value."""

    def shaped(self, raw: Parameters, shift: Values, scale: Values) -> Parameters:
        """Convert raw outputs to parameters, denormalised by shift and scale."""
        return raw * scale[..., None] + shift[..., None]

    @abstractmethod
    def loss(self, parameters: Parameters, target: Values) -> Values:
        """Loss of each value."""

    @abstractmethod
    def point(self, parameters: Parameters) -> Values:
        """Point forecast: the minimiser of the loss."""

    @abstractmethod
    def covers(self, level: float) -> bool:
        """True if there is a quantile at this level (0 to 1)."""

    @abstractmethod
    def quantiles(self, parameters: Parameters, levels: Sequence[float]) -> Quantiles:
        """Quantiles at these levels, each of which must be covered."""


@final
class Point(Distribution):
    """Point forecast; it knows nothing of its own error."""

    size = 1

    def __init__(self, loss: PointLoss = "mse") -> None:
        self.kind: PointLoss = loss

    def loss(self, parameters: Parameters, target: Values) -> Values:
        """Squared error, absolute error, or Huber loss with its knee at 1."""
        point = parameters[..., 0]
        if self.kind == "mse":
            return (point - target).square()
        if self.kind == "mae":
            return (point - target).abs()
        return nn.functional.huber_loss(point, target, reduction="none")

    def point(self, parameters: Parameters) -> Values:
        """Return the parameter itself."""
        return parameters[..., 0]

    def covers(self, level: float) -> bool:
        """Return False: a point has no quantiles."""
        return False

    def quantiles(self, parameters: Parameters, levels: Sequence[float]) -> Quantiles:
        """Raise an error: a point has no quantiles."""
        raise ValueError("a point forecast has no quantiles")


@final
class QuantileGrid(Distribution):
    """Quantiles at fixed levels, trained by the pinball loss (Koenker and Bassett, 1978)."""

    def __init__(self, levels: Sequence[float]) -> None:
        """Take the levels, rising, with 0.5 among them."""
        self.levels, self.size = list(levels), len(levels)

    def loss(self, parameters: Parameters, target: Values) -> Values:
        """Mean pinball loss over the levels, doubled: the absolute error for the median alone."""
        over = target[..., None] - parameters
        levels = over.new_tensor(self.levels)
        return 2 * torch.maximum(levels * over, (levels - 1) * over).mean(-1)

    def point(self, parameters: Parameters) -> Values:
        """Median."""
        return self.quantiles(parameters, [0.5])[..., 0]

    def covers(self, level: float) -> bool:
        """True between the lowest and the highest level that was trained."""
        return self.levels[0] - 1e-9 <= level <= self.levels[-1] + 1e-9

    def quantiles(self, parameters: Parameters, levels: Sequence[float]) -> Quantiles:
        """Interpolate linearly between the trained quantiles, sorted."""
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

    def shaped(self, raw: Parameters, shift: Values, scale: Values) -> Parameters:
        """Mean and standard deviation, which is kept over 0 by a softplus."""
        deviation = nn.functional.softplus(raw[..., 1]) + SMALLEST
        return torch.stack([raw[..., 0] * scale + shift, deviation * scale], -1)

    def loss(self, parameters: Parameters, target: Values) -> Values:
        """Negative log-likelihood, in nats."""
        mean, deviation = parameters.unbind(-1)
        return ((target - mean) / deviation).square() / 2 + deviation.log() + log(2 * pi) / 2

    def point(self, parameters: Parameters) -> Values:
        """Mean."""
        return parameters[..., 0]

    def covers(self, level: float) -> bool:
        """True for every level but 0 and 1."""
        return 0 < level < 1

    def quantiles(self, parameters: Parameters, levels: Sequence[float]) -> Quantiles:
        """Compute quantiles by the inverse of the error function."""
        mean, deviation = parameters.unbind(-1)
        places = sqrt(2) * torch.erfinv(2 * parameters.new_tensor(list(levels)) - 1)
        return mean[..., None] + deviation[..., None] * places
