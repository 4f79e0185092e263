"""Direct forecasts: all steps of the horizon at once."""

from typing import Literal, final

from torch import Tensor, nn

from seqnlp.decoders.forecast.base import Ahead, ForecastDecoder, ForecastModule, ForecastShape
from seqnlp.nn.distributions import Distribution
from seqnlp.nn.dropout import Dropout
from seqnlp.nn.pooling import LastStep
from seqnlp.nn.states import States
from seqnlp.shapes import Float


@final
class Direct(ForecastDecoder):
    """A linear map of the last state to every step of the horizon."""

    kind: Literal["direct"] = "direct"

    def build(self, shape: ForecastShape) -> "DirectModule":
        """Make the map."""
        return DirectModule(shape, self.output.build(), self.dropout, self.calibrate)


@final
class DirectModule(ForecastModule):
    """A linear map of the last state to the horizon, plus one of the known features."""

    def __init__(
        self, shape: ForecastShape, output: Distribution, dropout: float = 0.0, calibrated: bool = False
    ) -> None:
        super().__init__(shape, output, calibrated)
        self.last = LastStep(shape.width, shape.reads_ahead)
        self.dropout = Dropout(dropout)
        self.map = nn.Linear(self.last.width, shape.horizon * shape.channels * output.size)
        self.known = nn.Linear(shape.known, shape.channels * output.size, bias=False) if shape.known else None

    def forward(self, states: States, ahead: Ahead) -> Float[Tensor, "batch horizon channels size"]:
        """See `ForecastModule.forward`."""
        last = self.dropout(self.last(states).vectors[:, None])[:, 0]
        steps = self.map(last).unflatten(1, (self.shape.horizon, self.shape.channels, self.output.size))
        if self.known is None:
            return steps  # type: ignore[no-any-return]
        moved: Tensor = steps + self.known(ahead.known).unflatten(2, steps.shape[2:])
        return moved
