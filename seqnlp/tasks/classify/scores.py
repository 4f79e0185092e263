"""Predictions of a classifier over a split, and its calibration on dev."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from seqnlp.codecs import Labels
from seqnlp.decoders import PoolClassifier
from seqnlp.metrics.calibration import fit_temperature
from seqnlp.metrics.labels import LEAST
from seqnlp.metrics.significance import ItemScore, ItemScores, digest, f1, ratio
from seqnlp.model import SequenceModel
from seqnlp.nn.device import to_numpy
from seqnlp.tasks.classify.dataset import LABEL, ClassifyDataset
from seqnlp.training.inference import shared_out


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

    def predict(batches: Sequence[NDArray[np.int64]]) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
        for rows in batches:
            classes = model.decoders[LABEL].predict(model.encode(examples.batch(rows).inputs))
            yield to_numpy(classes.logits), to_numpy(classes.scores)

    batches = examples.in_order()
    for rows, found in zip(batches, shared_out(predict, batches), strict=True):
        logits[rows], scores[rows] = found
    return ClassPredictions(logits, scores)


def text_scores(probabilities: NDArray[np.float32], examples: ClassifyDataset, labels: Labels) -> ItemScores:
    """Accuracy and log loss by text; of several labels micro F1, exact matches and log loss.

    Args:
        probabilities: Shape (texts, labels).
        examples: The gold labels.
        labels: Their names.
    """
    gold, names = examples.gold(np.arange(examples.items)), np.array(labels.names)
    one = np.ones(examples.items)
    if examples.classes is None:
        known = gold >= 0
        basis = digest(np.where(known, names[gold], "").tolist())
        chance = np.where(known, np.take_along_axis(probabilities, np.maximum(gold, 0)[:, None], 1)[:, 0], 1)
        losses = -np.log(np.maximum(chance, LEAST)).astype(np.float64)
        right = (gold == probabilities.argmax(1)).astype(np.float64)
        accuracy = ItemScore(np.stack([right, one], 1), ratio, basis)
        return ItemScores(
            "texts", {"accuracy": accuracy, "log_loss": ItemScore(np.stack([losses, known], 1), ratio, basis)}
        )
    basis = digest([names[row > 0].tolist() for row in gold], examples.missing)
    predicted = (probabilities > 0.5).astype(np.int64)
    exact = (gold == predicted).all(1) & (examples.missing == 0)
    counts = [(gold & predicted).sum(1), predicted.sum(1), gold.sum(1) + examples.missing]
    losses = -np.log(np.maximum(np.where(gold, probabilities, 1 - probabilities), LEAST)).astype(np.float64)
    loss = np.stack([losses.sum(1), one * len(names)], 1)
    return ItemScores(
        "texts",
        {
            "micro_f1": ItemScore(np.stack(counts, 1).astype(np.float64), f1, basis),
            "exact_match": ItemScore(np.stack([exact, one], 1).astype(np.float64), ratio, basis),
            "log_loss": ItemScore(loss, ratio, digest(basis, labels.names)),
        },
    )


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
