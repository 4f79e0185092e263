"""Predictions of a classifier over a split, and its calibration on dev."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from seqnlp.codecs import Labels
from seqnlp.decoders import PoolClassifier
from seqnlp.metrics.calibration import fit_temperature
from seqnlp.model import SequenceModel
from seqnlp.nn.device import to_numpy
from seqnlp.tasks.classify.dataset import LABEL, ClassifyDataset


@dataclass(frozen=True)
class ClassPredictions:
    """Logits and probabilities of a split; shape (texts, labels)."""

    logits: NDArray[np.float32]
    scores: NDArray[np.float32]
    """Probabilities."""


@torch.inference_mode()
def predict_classes(model: SequenceModel, examples: ClassifyDataset, labels: Labels) -> ClassPredictions:
    """Predict logits and probabilities of every class for each text."""
    logits = np.empty((examples.items, len(labels)), np.float32)
    scores = np.empty_like(logits)
    for rows in examples.in_order():
        classes = model.decoders[LABEL].predict(model.encode(examples.batch(rows).inputs))
        logits[rows], scores[rows] = to_numpy(classes.logits), to_numpy(classes.scores)
    return ClassPredictions(logits, scores)


def calibrate_classes(model: SequenceModel, dev: ClassifyDataset, labels: Labels) -> dict[str, float]:
    """Fit the temperature of the decoder on dev."""
    gold = dev.gold(np.arange(dev.items))
    logits = predict_classes(model, dev, labels).logits
    if dev.classes is not None:  # each class of a text is a separate decision
        logits, gold = logits.ravel(), gold.ravel()
    temperature = fit_temperature(logits, gold)
    decoder = model.decoders[LABEL]
    assert isinstance(decoder, PoolClassifier)
    decoder.temperature.fill_(temperature)
    return {LABEL: temperature}
