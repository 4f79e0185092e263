"""Calibration of a tagger whose decoders are linear."""

from collections.abc import Sequence

import numpy as np
import torch

from seqnlp.decoders.linear import LinearTagger
from seqnlp.metrics.calibration import fit_temperature
from seqnlp.model import SequenceModel
from seqnlp.nn.device import to_numpy
from seqnlp.tasks.tag.dataset import TagDataset


@torch.inference_mode()
def calibrate_linear(model: SequenceModel, dev: TagDataset, columns: Sequence[str]) -> dict[str, float]:
    """Fit the temperature of each column's decoder on dev.

    Returns:
        The temperatures by column.
    """
    batches = [dev.batch(rows).to(model.device) for rows in dev.in_order()]
    encoded = [model.encode(batch.inputs) for batch in batches]
    temperatures = {}
    for name in columns:
        decoder = model.decoders[name]
        assert isinstance(decoder, LinearTagger)
        logits = np.concatenate([to_numpy(decoder.logits(states)[states.mask]) for states in encoded])
        gold = [to_numpy(batch.targets[name][states.mask]) for batch, states in zip(batches, encoded, strict=True)]
        temperatures[name] = fit_temperature(logits, np.concatenate(gold))
        decoder.temperature.fill_(temperatures[name])
    return temperatures
