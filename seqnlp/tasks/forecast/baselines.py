"""Baseline forecasts: naive, seasonal naive, and a trained linear map (DLinear)."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from seqnlp.codecs.series import last_value
from seqnlp.decoders.forecast import ForecastShape, LinearMap, PointOutput
from seqnlp.embeddings.series import SeriesEmbedder
from seqnlp.encoders.identity import Identity
from seqnlp.model import SequenceModel
from seqnlp.optimizers import AdamW
from seqnlp.tasks.forecast.dataset import NEXT, Windows
from seqnlp.training import Metric, Trainer, Training

Floats = NDArray[np.float32]


def naive(look: Floats, observed: NDArray[np.bool_], horizon: int, season: int = 1) -> Floats:
    """Repeat the last season; a season of one step repeats the last value.

    Args:
        look: Look-backs; shape (rows, look-back, channels).
        observed: False where a value is missing; there the last one a whole number of seasons earlier is
            taken, or 0, the mean, if the look-back has none.
        horizon: Steps to forecast.
        season: Steps of a season, no more than there are in the look-back.

    Returns:
        Shape (rows, horizon, channels).
    """
    last = look[:, -season:]
    if not observed[:, -season:].all():
        places = [(look.shape[1] + step) % season for step in range(season)]  # of each step of the last season
        last = np.stack([last_value(look[:, place::season], observed[:, place::season]) for place in places], 1)
    return last[:, np.arange(horizon) % season]


def linear_map(shape: ForecastShape, width: int) -> SequenceModel:
    """DLinear (Zeng et al., 2023), untrained, for steps of `width` features."""
    decoder = LinearMap(output=PointOutput(loss="mse")).build(shape)
    return SequenceModel(SeriesEmbedder(width, 1, None, 0.0), Identity(width), {NEXT: decoder})


def train_linear_map(
    model: SequenceModel, train: Windows, score: Callable[[SequenceModel], dict[str, float]], threads: int, seed: int
) -> SequenceModel:
    """Train DLinear, and keep the weights of the best epoch on dev.

    `train` has windows of single steps without instance normalisation; `seed` decides their order.
    """
    settings = Training(epochs=8, threads=threads, precision="fp32")
    metric = Metric("mse", higher_is_better=False)
    trainer = Trainer(model, train, score, metric, AdamW(lr=1e-3), settings, seed, "values")
    return trainer.fit()
