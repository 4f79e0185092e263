"""Baseline of classifiers: logistic regression over a bag of words."""

from collections.abc import Callable
from typing import final

import torch
from torch import Tensor, nn

from seqnlp.codecs import Vocabulary
from seqnlp.codecs.text import IDS
from seqnlp.decoders import PoolClassifier
from seqnlp.embeddings import TextBatch
from seqnlp.encoders.identity import Identity
from seqnlp.model import SequenceModel
from seqnlp.nn.pooling import Sum
from seqnlp.optimizers import AdamW
from seqnlp.shapes import Float
from seqnlp.tasks.classify.dataset import LABEL, ClassifyDataset
from seqnlp.training import Metric, Trainer, Training


def train_bag_of_words(
    train: ClassifyDataset,
    score: Callable[[SequenceModel], dict[str, float]],
    metric: Metric,
    vocabulary: Vocabulary,
    classes: int,
    threads: int,
    seed: int,
) -> SequenceModel:
    """Train the baseline; keep the weights of the best epoch by `metric`.

    The words of `train` are encoded as `words`; `score` scores a model on dev; `seed` decides the order of the texts.
    """
    model = bag_of_words(len(vocabulary), classes, multilabel=train.classes is not None)
    settings = Training(epochs=8, threads=threads)
    trainer = Trainer(model, train, score, metric, AdamW(lr=0.02, weight_decay=0.5), settings, seed, "texts")
    return trainer.fit()


def bag_of_words(words: int, classes: int, multilabel: bool) -> SequenceModel:
    """Untrained model: the weights of a text's words for each class, summed."""
    bias = nn.Linear(classes, classes)
    nn.init.zeros_(bias.bias)
    nn.init.eye_(bias.weight)
    bias.weight.requires_grad_(False)
    decoder = PoolClassifier(Sum(classes), bias, torch.ones(classes), multilabel)
    return SequenceModel(BagOfWords(words, classes), Identity(classes), {LABEL: decoder})


@final
class BagOfWords(nn.Module):
    """Weights of each word for each class; 0 for unknown words."""

    def __init__(self, words: int, classes: int) -> None:
        super().__init__()
        self.table = nn.Embedding(words, classes)
        nn.init.zeros_(self.table.weight)

    def forward(self, batch: TextBatch) -> Float[Tensor, "batch time width"]:
        """Weights of every word of a batch of texts."""
        return nn.functional.embedding(batch.index, self.table(batch.features["words"].words[IDS]))
