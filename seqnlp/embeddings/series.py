"""`[embedding]` of a forecaster: steps or segments of real numbers."""

from dataclasses import dataclass
from typing import Annotated, final

import torch
from pydantic import Field
from torch import Tensor, nn

from seqnlp.nn.device import TensorBatch
from seqnlp.nn.dropout import Dropout
from seqnlp.nn.window_affine import WindowAffine
from seqnlp.shapes import Bool, Float, Int
from seqnlp.spec import Spec


@dataclass(frozen=True)
class SeriesBatch(TensorBatch):
    """Look-back of some windows, all of the same length."""

    steps: Float[Tensor, "batch lookback width"]
    """Features of each step; the first ones are the values to be forecast."""
    series: Int[Tensor, " batch"]
    """Index of the series that each window is of."""
    segment: int
    """Steps that are read at once."""

    @property
    def mask(self) -> Bool[Tensor, "batch time"]:
        """True everywhere: windows have no padding. A feature flags missing values."""
        batch, lookback, _ = self.steps.shape
        return torch.ones(batch, lookback // self.segment, dtype=torch.bool, device=self.steps.device)


@final
class SeriesEmbedding(Spec):
    """Look-back as the encoder's steps."""

    transferable = ("dropout",)

    renamed = {"segment": "segment_length"}

    segment_length: Annotated[int, Field(ge=1)] = 1
    """Steps that are encoded as one (Lin et al., 2023); the look-back is a multiple of it."""
    size: Annotated[int, Field(ge=1)] | None = None
    """Units of a linear layer with ReLU over each segment; left out: no layer."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of features dropped, the same ones in all of a window."""

    def build(self, width: int) -> "SeriesEmbedder":
        """Make the network for steps of this many features."""
        return SeriesEmbedder(width, self.segment_length, self.size, self.dropout)


@final
class SeriesEmbedder(nn.Module):
    """Concatenates the steps of each segment, and maps them."""

    def __init__(self, width: int, segment: int, size: int | None, dropout: float) -> None:
        super().__init__()
        self.segment = segment
        self.width = segment * width if size is None else size
        self.projection = None if size is None else nn.Linear(segment * width, size)
        self.dropout = Dropout(dropout)
        self.affine: WindowAffine | None = None
        """A learned affine map of the values, shared with the decoder, which undoes it."""

    def forward(self, batch: SeriesBatch) -> Float[Tensor, "batch time width"]:
        """Embed some windows."""
        steps = batch.steps
        if self.affine is not None:
            values, rest = steps.tensor_split([self.affine.channels], 2)
            steps = torch.cat([self.affine(values, batch.series), rest], 2)
        windows, lookback, width = steps.shape
        segments = steps.reshape(windows, lookback // self.segment, self.segment * width)
        if self.projection is not None:
            segments = torch.relu(self.projection(segments))
        return self.dropout(segments)  # type: ignore[no-any-return]
