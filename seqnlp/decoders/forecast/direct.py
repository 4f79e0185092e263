"""Direct multi-step forecasts."""

from typing import Literal, final

from torch import Tensor, nn

from seqnlp.decoders.forecast.base import ForecastDecoder, ForecastModule, ForecastShape, FutureContext
from seqnlp.nn.distributions import Distribution
from seqnlp.nn.dropout import Dropout
from seqnlp.nn.pooling import LastStep
from seqnlp.nn.states import States
from seqnlp.shapes import Float


@final
class Direct(ForecastDecoder):
    """Direct forecast: every step of the horizon by a linear map of the last state."""

    kind: Literal["direct"] = "direct"

    def build(self, shape: ForecastShape) -> "DirectModule":
        """Build the map."""
        return DirectModule(shape, self.output.build(), self.dropout, self.calibrate)


@final
class DirectModule(ForecastModule):
    """Linear map of the last state to the whole horizon, plus one of the future covariates of each step."""

    def __init__(
        self, shape: ForecastShape, output: Distribution, dropout: float = 0.0, calibrated: bool = False
    ) -> None:
        super().__init__(shape, output, calibrated)
        self.last = LastStep(shape.width, shape.reads_ahead)
        self.dropout = Dropout(dropout)
        self.map = nn.Linear(self.last.width, shape.horizon * shape.channels * output.size)
        self.covariates = (
            nn.Linear(shape.future_covariates, shape.channels * output.size, bias=False)
            if shape.future_covariates
            else None
        )

    def forward(self, states: States, future: FutureContext) -> Float[Tensor, "batch horizon channels size"]:
        """See `ForecastModule.forward`."""
        last = self.dropout(self.last(states).vectors[:, None])[:, 0]
        steps = self.map(last).unflatten(1, (self.shape.horizon, self.shape.channels, self.output.size))
        if self.covariates is None:
            return steps  # type: ignore[no-any-return]
        moved: Tensor = steps + self.covariates(future.covariates).unflatten(2, steps.shape[2:])
        return moved
