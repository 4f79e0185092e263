"""The classifier to beat: logistic regression over the words of a text, trained by the same loop."""

from collections.abc import Callable
from typing import final

import torch
from torch import Tensor, nn

from seqnlp.codecs import Vocabulary
from seqnlp.decoders import PoolClassifier
from seqnlp.embeddings import TextBatch
from seqnlp.events import Evaluated
from seqnlp.model import SequenceModel
from seqnlp.nn.pooling import Sum
from seqnlp.nn.unread import Identity
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
    """Train the model.

    Args:
        train: Texts, their words encoded as `words`.
        score: Scores a model on dev.
        metric: Which of those scores decides the epoch whose weights are kept.
        vocabulary: What the words were encoded by.
        classes: How many labels there are.
        threads: Processor threads.
        seed: Decides the order of the texts.
    """
    model = bag_of_words(len(vocabulary), classes, several=train.classes is not None)
    settings = Training(epochs=8, threads=threads)
    trainer = Trainer(model, train, score, metric, AdamW(lr=0.02, weight_decay=0.5), settings, seed, "texts")
    best = trainer.weights()
    for event in trainer.events():
        if isinstance(event, Evaluated) and event.best:
            best = trainer.weights()
    model.load_state_dict(best)
    return model.eval()


def bag_of_words(words: int, classes: int, several: bool) -> SequenceModel:
    """The untrained model: each word votes for each class, and the votes are summed."""
    bias = nn.Linear(classes, classes)
    nn.init.zeros_(bias.bias)
    nn.init.eye_(bias.weight)
    bias.weight.requires_grad_(False)
    decoder = PoolClassifier(Sum(classes), bias, torch.ones(classes), several)
    return SequenceModel(Votes(words, classes), Identity(classes), {LABEL: decoder})


@final
class Votes(nn.Module):
    """How much each word speaks for each class; a word that train did not have is silent."""

    def __init__(self, words: int, classes: int) -> None:
        super().__init__()
        self.table = nn.Embedding(words, classes)
        nn.init.zeros_(self.table.weight)

    def forward(self, batch: TextBatch) -> Float[Tensor, "batch time width"]:
        """The votes of every word of a batch of texts."""
        return nn.functional.embedding(batch.index, self.table(batch.features["words"]))
