"""Encoded series and the windows over them, for training and scoring."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from seqnlp.codecs.series import WindowScale, last_value, window_scale
from seqnlp.decoders.forecast import ForecastTarget, FutureContext
from seqnlp.embeddings.series import SeriesBatch
from seqnlp.model import Batch
from seqnlp.readers.time_axis import Times
from seqnlp.training import EncodedDataset

NEXT = "forecast"
"""Name of the decoder."""

EVALUATION_STEPS = 1 << 18
"""Steps of look-back in a batch for evaluation."""

Rows = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class EncodedSeries:
    """Series laid end to end, from which windows are gathered without copies."""

    values: Floats
    """Targets, scaled; 0 where a value is missing; shape (channels, rows)."""
    observed: NDArray[np.bool_]
    """False where a target is missing; of the same shape."""
    past_covariates: Floats
    """Past covariates, scaled; shape (rows, covariates)."""
    future_covariates: Floats
    """Calendar features and future covariates, scaled; shape (rows, covariates)."""
    series: Rows
    """Index of each row's series; shape (rows,)."""


@dataclass(frozen=True)
class WindowShape:
    """Shape of a window and its encoding for a network."""

    lookback: int
    horizon: int
    independent: bool
    """True if each channel is a separate series, in windows of its own."""
    scale: WindowScale
    """Instance normalisation of a window's values."""
    flags: bool
    """True if the inputs flag missing values."""
    segment: int
    """Steps that the encoder reads as one."""


@final
class Windows(EncodedDataset):
    """Dataset of windows over series: a look-back and the horizon after it.

    A row is a window, or, where channels are independent, one channel of a window.
    """

    def __init__(
        self, encoded: EncodedSeries, starts: Rows, shape: WindowShape, batch_steps: int, stride: int = 1
    ) -> None:
        """Store the encoded series.

        Args:
            encoded: The series.
            starts: The row at which each window's horizon begins; the look-back before it is of the same series.
            shape: Shape of a window.
            batch_steps: Steps of look-back in a training batch, at most.
            stride: Train on every `stride`-th window, others in each epoch.
        """
        self.encoded, self.starts, self.shape, self.stride = encoded, starts, shape, stride
        self.channels = len(encoded.values)
        self.parts = self.channels if shape.independent else 1
        self.batch_rows = max(1, batch_steps // shape.lookback)
        length = shape.lookback + shape.horizon
        self._values = sliding_window_view(encoded.values, length, axis=1)
        self._observed = sliding_window_view(encoded.observed, length, axis=1)
        self._complete = bool(encoded.observed.all())
        self.left_out: list[str] = []
        """Notices of series of the split that are left out."""
        self.times: Times | None = None
        """Timestamps of the rows of the encoded series, of a split that was read."""
        self.time_zone: str | None = None
        """Zone of timestamps in UTC."""

    def seen(self, segment: int, scale: WindowScale) -> "Windows":
        """Copy with another segment and normalisation."""
        shape = replace(self.shape, segment=segment, scale=scale)
        return Windows(self.encoded, self.starts, shape, self.batch_rows * shape.lookback, self.stride)

    def rolling(self, stride: int, last: int | None = None) -> "Windows":
        """Keep every `stride`-th window of each series, counted from its last one; of those perhaps only the last."""
        series = self.encoded.series[self.starts - 1]
        begins = np.flatnonzero(np.diff(series, prepend=-1))
        chosen = []
        for first, end in zip(begins, [*begins[1:], len(series)], strict=True):
            own = np.arange(first, end)[::-1][::stride][:last][::-1]
            chosen.append(own)
        starts = self.starts[np.concatenate(chosen)] if chosen else self.starts
        kept = Windows(self.encoded, starts, self.shape, self.batch_rows * self.shape.lookback, self.stride)
        kept.times, kept.time_zone = self.times, self.time_zone
        return kept

    def __len__(self) -> int:
        return len(self.starts) * self.parts

    @property
    def items(self) -> int:
        """Number of values to forecast."""
        return len(self.starts) * self.shape.horizon * self.channels

    @property
    def steps(self) -> int:
        return max(len(self) // self.stride, 1) * self.shape.lookback

    @property
    def least_batch(self) -> int:
        return self.shape.lookback

    def items_in(self, rows: Rows) -> int:
        return len(rows) * self.shape.horizon * self.channels // self.parts

    def plan(self, seed: int, epoch: int) -> list[Rows]:
        """Plan windows in random order, in equal batches but for the last."""
        random = np.random.default_rng([seed, epoch])
        chosen = np.arange(random.integers(self.stride), len(self.starts), self.stride)
        if not len(chosen):
            chosen = np.arange(len(self.starts))
        rows = (chosen[:, None] * self.parts + np.arange(self.parts)).ravel()
        random.shuffle(rows)
        return _cut(rows, self.batch_rows)

    def in_order(self) -> list[Rows]:
        return _cut(np.arange(len(self)), max(1, EVALUATION_STEPS // self.shape.lookback))

    def series_of(self, rows: Rows) -> Rows:
        """Index of each row's series; where channels are independent, of the series' channel."""
        series = self.encoded.series[self.starts[rows // self.parts] - 1]
        return series * self.parts + rows % self.parts

    def blocks(self, length: int) -> Rows:
        """Block of each row: so many windows of a series, one after the other, overlap or follow each other."""
        series = self.encoded.series[self.starts - 1]
        first = np.minimum.reduceat(self.starts, np.flatnonzero(np.diff(series, prepend=-1)))
        place = (self.starts - np.repeat(first, np.unique(series, return_counts=True)[1])) // length
        begins = (np.diff(series, prepend=-1) != 0) | (np.diff(place, prepend=-1) != 0)
        return np.repeat(np.cumsum(begins) - 1, self.parts)

    def scales(self, rows: Rows) -> Floats:
        """Scale of the instance normalisation of each row; shape (rows, channels)."""
        look = self.shape.lookback
        values, observed = self.values(rows)
        return window_scale(values[:, :look], observed[:, :look], self.shape.scale)[1]

    def values(self, rows: Rows) -> tuple[Floats, NDArray[np.bool_]]:
        """Scaled values of the lookback and horizon of windows; the mask of those observed.

        Returns:
            Two arrays of shape (rows, steps, channels).
        """
        first = self.starts[rows // self.parts] - self.shape.lookback
        if self.shape.independent:
            where = (rows % self.parts, first)
            values = self._values[where][:, :, None]
            there = np.ones(values.shape, bool) if self._complete else self._observed[where][:, :, None]
            return values, there
        values = np.ascontiguousarray(np.moveaxis(self._values[:, first], 0, 2))
        there = (
            np.ones(values.shape, bool)
            if self._complete
            else np.ascontiguousarray(np.moveaxis(self._observed[:, first], 0, 2))
        )
        return values, there

    def batch(self, rows: Rows) -> Batch:
        values, observed = self.values(rows)
        look = self.shape.lookback
        begin = self.starts[rows // self.parts]
        inputs, future = self.inputs(values[:, :look], observed[:, :look], begin, self.series_of(rows))
        target = ForecastTarget(torch.from_numpy(values[:, look:]), torch.from_numpy(observed[:, look:]), future)
        return Batch(inputs, {NEXT: target}, target.values.numel())

    def inputs(
        self, values: Floats, observed: NDArray[np.bool_], begin: Rows, series: Rows
    ) -> tuple[SeriesBatch, FutureContext]:
        """Inputs of a network for some look-backs.

        Args:
            values: Shape (rows, look-back, channels).
            observed: False where a value is missing.
            begin: Row of the encoded series at which each horizon begins; shape (rows,).
            series: Index of each row's series; shape (rows,).
        """
        shape, encoded = self.shape, self.encoded
        shift, scale = window_scale(values, observed, shape.scale)
        steps = values if shape.scale == "none" else (values - shift[:, None]) / scale[:, None]
        if not self._complete:
            steps = np.where(observed, steps, 0)
        last = last_value(steps, observed)
        parts: list[Floats] = [steps]
        if shape.flags:
            parts.append((~observed).astype(np.float32))
        before = begin[:, None] + np.arange(-shape.lookback, 0)
        parts += [table[before] for table in (encoded.past_covariates, encoded.future_covariates) if table.shape[1]]
        seen = np.concatenate(parts, 2) if len(parts) > 1 else steps
        covariates = encoded.future_covariates[begin[:, None] + np.arange(shape.horizon)]
        future = FutureContext(*map(torch.from_numpy, (covariates, series, last, shift, scale)))
        return SeriesBatch(torch.from_numpy(np.ascontiguousarray(seen)), future.series, shape.segment), future


def _cut(rows: Rows, size: int) -> list[Rows]:
    return np.split(rows, range(size, len(rows), size))


def window_starts(offsets: Sequence[int], periods: Sequence[tuple[int, int]], lookback: int, horizon: int) -> Rows:
    """Starts of horizons: inside the period of their series, after a whole look-back, perhaps outside.

    Args:
        offsets: First row of each series.
        periods: First row of each series' period, and the row after its last.
        lookback: Steps of the look-back.
        horizon: Steps of the horizon.
    """
    found = [
        np.arange(max(first, offset + lookback), last - horizon + 1)
        for offset, (first, last) in zip(offsets, periods, strict=True)
    ]
    return np.concatenate(found).astype(np.int64)
