"""Forecasts of many windows, on all processor threads."""

import numpy as np
import torch
from numpy.typing import NDArray

from seqnlp.decoders.forecast import ForecastModule
from seqnlp.model import SequenceModel
from seqnlp.tasks.forecast.dataset import NEXT, Windows
from seqnlp.training.inference import in_parallel


def predict_windows(model: SequenceModel, dataset: Windows) -> torch.Tensor:
    """Predict the parameters of every window's distribution.

    Returns:
        Scaled values; shape (rows, horizon, channels, size).
    """
    decoder = model.decoder(NEXT, ForecastModule)

    def work(rows: NDArray[np.int64]) -> torch.Tensor:
        batch = dataset.batch(rows).to(model.device)
        return decoder.predict(model.encode(batch.inputs), batch.targets[NEXT].future)

    return torch.cat(list(in_parallel(work, dataset.in_order(), model.device)))
