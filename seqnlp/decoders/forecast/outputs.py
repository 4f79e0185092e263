"""`[decoder.output]`: what is said of each value to come."""

from abc import ABC, abstractmethod
from typing import Annotated, ClassVar, Literal, final

from pydantic import Field, field_validator

from seqnlp.nn.distributions import Distribution, Gaussian, Point, PointLoss, QuantileGrid
from seqnlp.spec import Family


class Output(Family, ABC):
    """What is said of each value to come."""

    default_kind: ClassVar[str | None] = "point"

    @abstractmethod
    def build(self) -> Distribution:
        """Make what turns a network's numbers into forecasts."""


@final
class PointOutput(Output):
    """One number."""

    kind: Literal["point"] = "point"
    loss: PointLoss = "mae"
    """Loss: absolute error (mae), squared error (mse), or Huber's mixture of both."""

    def build(self) -> Distribution:
        """Make it."""
        return Point(self.loss)


@final
class QuantileOutput(Output):
    """Quantiles, trained by the pinball loss: intervals between them, the median as the point."""

    kind: Literal["quantiles"] = "quantiles"
    levels: Annotated[list[float], Field(min_length=1)] = [0.1, 0.25, 0.5, 0.75, 0.9]
    """Quantile levels, ascending, with 0.5 among them; 0.1 and 0.9 bound an interval of 80 %."""

    @field_validator("levels")
    @classmethod
    def _rising(cls, levels: list[float]) -> list[float]:
        if levels != sorted(set(levels)) or not all(0 < level < 1 for level in levels) or 0.5 not in levels:
            raise ValueError("expected rising levels between 0 and 1 with 0.5 among them, such as [0.1, 0.5, 0.9]")
        return levels

    def build(self) -> Distribution:
        """Make it."""
        return QuantileGrid(self.levels)


@final
class GaussianOutput(Output):
    """A normal distribution, trained by its likelihood."""

    kind: Literal["gaussian"] = "gaussian"

    def build(self) -> Distribution:
        """Make it."""
        return Gaussian()
