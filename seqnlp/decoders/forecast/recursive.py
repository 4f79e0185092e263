"""Recursive multi-step forecasts: each is an input of the next step."""

from collections.abc import Iterator
from typing import Annotated, Literal, final

import torch
from pydantic import Field
from torch import Tensor, nn

from seqnlp.decoders.forecast.base import ForecastDecoder, ForecastModule, ForecastShape, FutureContext
from seqnlp.encoders import Cell, Gru
from seqnlp.nn.dropout import Dropout
from seqnlp.nn.encoder import States, split_state, state_shapes
from seqnlp.nn.pooling import LastStep
from seqnlp.shapes import Float


@final
class Recursive(ForecastDecoder):
    """Recursive forecast: a recurrent layer continues from the last state, and reads its own forecasts."""

    kind: Literal["recursive"] = "recursive"
    cell: Cell = Gru()
    """Recurrence: any causal kind of encoder."""
    size: Annotated[int, Field(ge=1)] = 64
    """Hidden units."""

    def faults(self) -> Iterator[tuple[str, str]]:
        yield from self.cell.cell_faults(1, self.size)

    def build(self, shape: ForecastShape) -> "RecursiveModule":
        return RecursiveModule(self, shape)


@final
class RecursiveModule(ForecastModule):
    """Recurrent decoder without teacher forcing: also in training it reads its own forecasts."""

    def __init__(self, spec: Recursive, shape: ForecastShape) -> None:
        super().__init__(spec, shape)
        width = shape.channels + shape.future_covariates
        self.last = LastStep(shape.width, shape.reads_ahead)
        self.cell = spec.cell.build_cell(width, size=spec.size)
        self._shapes = state_shapes(self.cell, width)
        self.start = nn.Linear(self.last.width, sum(each.numel() for each in self._shapes))
        self.dropout = Dropout(spec.dropout)
        self.map = nn.Linear(self.cell.width, shape.channels * self.output.size)

    def forward(self, states: States, future: FutureContext) -> Float[Tensor, "batch horizon channels size"]:
        initial = torch.tanh(self.start(self.last(states).vectors))
        stepper = self.cell.stepper(len(initial))
        stepper.load(split_state(initial, self._shapes), len(initial))
        value, steps = future.last, []
        for step in range(self.shape.horizon):
            inputs = torch.cat([value, future.covariates[:, step]], 1).to(initial.dtype)
            features = self.dropout(stepper.step(inputs)[:, None])[:, 0]
            raw = self.map(features).unflatten(1, (self.shape.channels, self.output.size))
            value = self.point(raw)
            steps.append(raw)
        return torch.stack(steps, 1)

    def point(self, raw: Float[Tensor, "batch channels size"]) -> Float[Tensor, "batch channels"]:
        """Compute the point forecast that is fed back."""
        raw = raw.float()
        zero = torch.zeros_like(raw[..., 0])
        return self.output.point(self.output.shaped(raw, zero, zero + 1))
