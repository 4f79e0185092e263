"""`[decoder.output]`: the distribution of each forecast value."""

from abc import ABC, abstractmethod
from typing import Annotated, ClassVar, Literal, final

from pydantic import Field, field_validator

from seqnlp.nn.distributions import Distribution, Gaussian, Point, PointLoss, QuantileGrid
from seqnlp.spec import Family


class Output(Family, ABC):
    """Distribution of each forecast value."""

    default_kind: ClassVar[str | None] = "point"

    @abstractmethod
    def build(self) -> Distribution:
        """Build the distribution."""


@final
class PointOutput(Output):
    """Point forecast."""

    kind: Literal["point"] = "point"
    loss: PointLoss = "mae"
    """Training loss: mean absolute error (mae), mean squared error (mse), or Huber loss."""

    def build(self) -> Distribution:
        return Point(self.loss)


@final
class QuantileOutput(Output):
    """Quantile forecast, trained by the pinball loss; the median is the point forecast."""

    kind: Literal["quantiles"] = "quantiles"
    levels: Annotated[list[float], Field(min_length=1)] = [0.1, 0.25, 0.5, 0.75, 0.9]
    """Quantile levels, rising, with 0.5 among them; 0.1 and 0.9 are the ends of an interval of 80 %."""

    @field_validator("levels")
    @classmethod
    def _rising(cls, levels: list[float]) -> list[float]:
        if levels != sorted(set(levels)) or not all(0 < level < 1 for level in levels) or 0.5 not in levels:
            raise ValueError("expected rising levels between 0 and 1 with 0.5 among them, such as [0.1, 0.5, 0.9]")
        return levels

    def build(self) -> Distribution:
        return QuantileGrid(self.levels)


@final
class GaussianOutput(Output):
    """Gaussian forecast, trained by its likelihood."""

    kind: Literal["gaussian"] = "gaussian"

    def build(self) -> Distribution:
        return Gaussian()
