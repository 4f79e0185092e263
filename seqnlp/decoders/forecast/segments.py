"""All segments of the horizon in parallel: the decoder of SegRNN."""

from collections.abc import Iterator
from math import ceil
from typing import Annotated, Literal, final

import torch
from pydantic import Field
from torch import Tensor, nn

from seqnlp.decoders.forecast.base import ForecastDecoder, ForecastModule, ForecastShape, FutureContext
from seqnlp.nn.dropout import Dropout
from seqnlp.nn.encoder import States
from seqnlp.nn.pooling import LastStep
from seqnlp.shapes import Float


@final
class Segments(ForecastDecoder):
    """Forecast in segments, each by one recurrent step from the last state (SegRNN; Lin et al., 2023)."""

    renamed = {"segment": "segment_length"}

    kind: Literal["segments"] = "segments"
    segment_length: Annotated[int, Field(ge=1)] = 24
    """Steps of a segment."""
    size: Annotated[int, Field(ge=2)] = 128
    """Hidden units of the recurrent step."""

    def build(self, shape: ForecastShape) -> "SegmentsModule":
        return SegmentsModule(self, shape)


@final
class SegmentsModule(ForecastModule):
    """Gated recurrent units with one step per segment; its position and series are the input.

    The step of a segment does not wait for that of the one before, so that no error is carried from one to the
    next. In terms of the paper (arXiv 2308.11200, section 4): parallel multi-step forecasting, with the position of
    the segment and the series as the input; the part of the gates that comes from the state is the same for all
    segments and computed once.
    """

    def __init__(self, spec: Segments, shape: ForecastShape) -> None:
        super().__init__(spec, shape)
        segment, size = spec.segment_length, spec.size
        self.segment, self.number = segment, ceil(shape.horizon / segment)
        self.last = LastStep(shape.width, shape.reads_ahead)
        self.start = nn.Identity() if self.last.width == size else nn.Linear(self.last.width, size)
        half = size // 2
        self.position = nn.Parameter(torch.randn(self.number, half))
        self.series = nn.Embedding(shape.series, size - half)
        self.covariates = (
            nn.Linear(segment * shape.future_covariates, size, bias=False) if shape.future_covariates else None
        )
        self.from_position = nn.Linear(half, 3 * size)
        self.from_series = nn.Linear(size - half, 3 * size, bias=False)
        self.from_state = nn.Linear(size, 3 * size)
        self.from_covariates = nn.Linear(size, 3 * size, bias=False) if shape.future_covariates else None
        self.dropout = Dropout(spec.dropout, variational=False)
        self.map = nn.Linear(size, segment * shape.channels * self.output.size)

    def of_series(self) -> Iterator[tuple[str, nn.Module, str]]:
        yield from super().of_series()
        yield "embedding of the series", self.series, "weight"

    def forward(self, states: States, future: FutureContext) -> Float[Tensor, "batch horizon channels size"]:
        state = self.start(self.last(states).vectors)
        gates = self.from_position(self.position) + self.from_series(self.series(future.series))[:, None]
        if self.covariates is not None and self.from_covariates is not None:
            gates = gates + self.from_covariates(torch.relu(self.covariates(self._segments(future.covariates))))
        after = gated(gates, self.from_state(state)[:, None], state[:, None])
        steps = self.map(self.dropout(after)).reshape(len(after), -1, self.shape.channels, self.output.size)
        return steps[:, : self.shape.horizon]  # type: ignore[no-any-return]

    def _segments(
        self, covariates: Float[Tensor, "batch horizon covariates"]
    ) -> Float[Tensor, "batch segments features"]:
        """Covariates of each segment, the last one padded with zeros."""
        missing = self.number * self.segment - covariates.shape[1]
        return nn.functional.pad(covariates, (0, 0, 0, missing)).reshape(len(covariates), self.number, -1)


def gated(
    inputs: Float[Tensor, "batch segments gates"],
    hidden: Float[Tensor, "batch 1 gates"],
    state: Float[Tensor, "batch 1 units"],
) -> Float[Tensor, "batch segments units"]:
    """One step of gated recurrent units (Cho et al., 2014, in cuDNN's form).

    The gates of the inputs and of the hidden state are reset, update and new, in this order.
    """
    reset, update, new = inputs.chunk(3, -1)
    reset_of, update_of, new_of = hidden.chunk(3, -1)
    update = torch.sigmoid(update + update_of)
    fresh = torch.tanh(new + torch.sigmoid(reset + reset_of) * new_of)
    return fresh + update * (state - fresh)
