"""Direct multi-step forecasts."""

from typing import Literal, final

from torch import Tensor, nn

from seqnlp.decoders.forecast.base import ForecastDecoder, ForecastModule, ForecastShape, FutureContext
from seqnlp.nn.dropout import Dropout
from seqnlp.nn.encoder import States
from seqnlp.nn.pooling import LastStep
from seqnlp.shapes import Float


@final
class Direct(ForecastDecoder):
    """Direct forecast: every step of the horizon by a linear map of the last state."""

    kind: Literal["direct"] = "direct"

    def build(self, shape: ForecastShape) -> "DirectModule":
        return DirectModule(self, shape)


@final
class DirectModule(ForecastModule):
    """Linear map of the last state to the whole horizon; one of the future covariates of each step is added."""

    def __init__(self, spec: Direct, shape: ForecastShape) -> None:
        super().__init__(spec, shape)
        self.last = LastStep(shape.width, shape.reads_ahead)
        self.dropout = Dropout(spec.dropout)
        self.map = nn.Linear(self.last.width, shape.horizon * shape.channels * self.output.size)
        self.covariates = (
            nn.Linear(shape.future_covariates, shape.channels * self.output.size, bias=False)
            if shape.future_covariates
            else None
        )

    def forward(self, states: States, future: FutureContext) -> Float[Tensor, "batch horizon channels size"]:
        last = self.dropout(self.last(states).vectors[:, None])[:, 0]
        steps = self.map(last).unflatten(1, (self.shape.horizon, self.shape.channels, self.output.size))
        if self.covariates is None:
            return steps  # type: ignore[no-any-return]
        moved: Tensor = steps + self.covariates(future.covariates).unflatten(2, steps.shape[2:])
        return moved
