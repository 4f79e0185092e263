"""Preview of a forecaster: windows of dev, actual values beside forecast ones."""

import numpy as np
from numpy.typing import NDArray

from seqnlp.codecs.series import SeriesScaler
from seqnlp.decoders.forecast import ForecastModule
from seqnlp.events import Example
from seqnlp.model import SequenceModel
from seqnlp.nn.device import to_numpy
from seqnlp.nn.distributions import Distribution
from seqnlp.tasks.forecast.dataset import NEXT, Windows
from seqnlp.tasks.previews import sample_rows
from seqnlp.training import Preview

STEPS = 8
"""Steps of a horizon that are kept; they lie at equal distances."""


def preview(windows: Windows, seed: int, scaler: SeriesScaler, output: Distribution) -> Preview:
    """Pick windows by `seed`; compare actual values with forecast ones in original units."""
    rows = sample_rows(len(windows), seed)
    batch, (values, observed) = windows.batch(rows), windows.values(rows)
    lookback, horizon = windows.shape.lookback, windows.shape.horizon
    actual = np.where(observed, values, np.nan)[:, lookback:, 0]
    steps = np.unique(np.linspace(0, horizon - 1, min(STEPS, horizon)).astype(int))
    series, channel = np.divmod(windows.series_of(rows) * values.shape[2], windows.channels)
    deviation, mean = scaler.deviation[series, channel], scaler.mean[series, channel]

    def texts(scaled: NDArray[np.float32], row: int) -> list[str]:
        units = scaled[row, steps] * deviation[row] + mean[row]
        return ["-" if np.isnan(value) else f"{value:.4g}" for value in units]

    def predict(model: SequenceModel) -> list[Example]:
        moved, decoder = batch.to(model.device), model.decoder(NEXT, ForecastModule)
        parameters = decoder.predict(model.encode(moved.inputs), moved.targets[NEXT].future)
        points = to_numpy(output.point(parameters)[:, :, 0])
        return [
            Example([f"+{step + 1}" for step in steps], texts(actual, row), texts(points, row))
            for row in range(len(rows))
        ]

    return predict
