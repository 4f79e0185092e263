"""Encoded series, and the windows of them that a forecaster is trained on and scored with."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from seqnlp.codecs.windows import WindowScale, last_value, window_scale
from seqnlp.decoders.forecast import Ahead, ForecastTarget
from seqnlp.embeddings.series import SeriesBatch
from seqnlp.model import Batch
from seqnlp.training import EncodedDataset

NEXT = "forecast"
"""The name of the one decoder."""

EVALUATION_STEPS = 1 << 18
"""Steps of look-back in a batch that no gradient is needed for."""

Rows = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class EncodedSeries:
    """Series laid end to end: windows are gathered from these arrays, which nothing copies before."""

    values: Floats
    """What is to be forecast, scaled; 0 where a value is missing; shape (channels, rows)."""
    observed: NDArray[np.bool_]
    """False where a value is missing; of the same shape."""
    past: Floats
    """Covariates that are known up to now, scaled; shape (rows, past)."""
    known: Floats
    """Features that are known of times to come: the calendar, covariates; shape (rows, known)."""
    series: Rows
    """The number of the series that each row is of; shape (rows,)."""


@dataclass(frozen=True)
class WindowShape:
    """What a window is, and how a network sees it."""

    lookback: int
    horizon: int
    independent: bool
    """Each channel is a series of its own, in a window of its own."""
    scale: WindowScale
    """What is taken off a window's values."""
    flags: bool
    """Whether the network is told which values are missing."""
    segment: int
    """Steps that the encoder reads at once."""


@final
class Windows(EncodedDataset):
    """Windows over series: a look-back and the horizon after it.

    A row is a window, or, where channels are independent, one channel of a window.
    """

    def __init__(
        self, encoded: EncodedSeries, starts: Rows, shape: WindowShape, batch_steps: int, stride: int = 1
    ) -> None:
        """Take the encoded series.

        Args:
            encoded: The series.
            starts: The row at which each window's horizon begins; the look-back before it is of the same series.
            shape: What a window is.
            batch_steps: Steps of look-back in a training batch, at most.
            stride: Stride between the windows of an epoch, which begin at a random offset.
        """
        self.encoded, self.starts, self.shape, self.stride = encoded, starts, shape, stride
        self.channels = len(encoded.values)
        self.parts = self.channels if shape.independent else 1
        self.batch_rows = max(1, batch_steps // shape.lookback)
        length = shape.lookback + shape.horizon
        self._values = sliding_window_view(encoded.values, length, axis=1)
        self._observed = sliding_window_view(encoded.observed, length, axis=1)
        self._complete = bool(encoded.observed.all())

    def seen(self, segment: int, scale: WindowScale) -> "Windows":
        """The same windows, seen by a network in another way."""
        shape = replace(self.shape, segment=segment, scale=scale)
        return Windows(self.encoded, self.starts, shape, self.batch_rows * shape.lookback, self.stride)

    def __len__(self) -> int:
        return len(self.starts) * self.parts

    @property
    def items(self) -> int:
        """Values to forecast."""
        return len(self.starts) * self.shape.horizon * self.channels

    def items_in(self, rows: Rows) -> int:
        """Values to forecast in a batch."""
        return len(rows) * self.shape.horizon * self.channels // self.parts

    def plan(self, seed: int, epoch: int) -> list[Rows]:
        """Windows in random order, batches of the same size but for the last."""
        random = np.random.default_rng([seed, epoch])
        chosen = np.arange(random.integers(self.stride), len(self.starts), self.stride)
        if not len(chosen):
            chosen = np.arange(len(self.starts))
        rows = (chosen[:, None] * self.parts + np.arange(self.parts)).ravel()
        random.shuffle(rows)
        return _cut(rows, self.batch_rows)

    def in_order(self) -> list[Rows]:
        """Large batches, every row once."""
        return _cut(np.arange(len(self)), max(1, EVALUATION_STEPS // self.shape.lookback))

    def lanes(self, rows: Rows) -> Rows:
        """The number of the series that each row is of; where channels are independent, of the series' channel."""
        series = self.encoded.series[self.starts[rows // self.parts] - 1]
        return series * self.parts + rows % self.parts

    def scales(self, rows: Rows) -> Floats:
        """What the values of each row are divided by before a network sees them; shape (rows, channels)."""
        look = self.shape.lookback
        values, observed = self.values(rows)
        return window_scale(values[:, :look], observed[:, :look], self.shape.scale)[1]

    def values(self, rows: Rows) -> tuple[Floats, NDArray[np.bool_]]:
        """The scaled values of some rows, look-back and horizon, and which are there.

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
        """Gather some windows."""
        values, observed = self.values(rows)
        look = self.shape.lookback
        begin = self.starts[rows // self.parts]
        inputs, ahead = self.inputs(values[:, :look], observed[:, :look], begin, self.lanes(rows))
        target = ForecastTarget(torch.from_numpy(values[:, look:]), torch.from_numpy(observed[:, look:]), ahead)
        return Batch(inputs, {NEXT: target}, target.values.numel())

    def inputs(
        self, values: Floats, observed: NDArray[np.bool_], begin: Rows, lanes: Rows
    ) -> tuple[SeriesBatch, Ahead]:
        """What a network sees of some look-backs.

        Args:
            values: Shape (rows, look-back, channels).
            observed: Which of them are there.
            begin: Where in the encoded series the horizons begin; shape (rows,).
            lanes: The series of each row; shape (rows,).
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
        parts += [table[before] for table in (encoded.past, encoded.known) if table.shape[1]]
        seen = np.concatenate(parts, 2) if len(parts) > 1 else steps
        known = encoded.known[begin[:, None] + np.arange(shape.horizon)]
        ahead = Ahead(*map(torch.from_numpy, (known, lanes, last, shift, scale)))
        return SeriesBatch(torch.from_numpy(np.ascontiguousarray(seen)), ahead.lanes, shape.segment), ahead


def _cut(rows: Rows, size: int) -> list[Rows]:
    return np.split(rows, range(size, len(rows), size))


def window_starts(offsets: Sequence[int], periods: Sequence[tuple[int, int]], lookback: int, horizon: int) -> Rows:
    """Where horizons may begin: inside the period of their series, with a whole look-back before, perhaps outside.

    Args:
        offsets: Where each series begins among the rows.
        periods: The first row of each series' period, and the row after its last.
        lookback: Steps before a horizon.
        horizon: Its steps.
    """
    found = [
        np.arange(max(first, offset + lookback), last - horizon + 1)
        for offset, (first, last) in zip(offsets, periods, strict=True)
    ]
    return np.concatenate(found).astype(np.int64)
