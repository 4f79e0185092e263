"""A tagger and a corpus so small that dozens of trainings take a second."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from seqnlp.codecs import Column, EncodedText, Labels, TokenizedText
from seqnlp.codecs.labels import UNSEEN
from seqnlp.decoders import Linear
from seqnlp.embeddings import CharCnn, TextBatch, TextEmbedding, Words
from seqnlp.encoders import Encoder
from seqnlp.model import Batch, SequenceModel
from seqnlp.nn.device import CPU, move_module
from seqnlp.optimizers import Optimizer
from seqnlp.training import EncodedDataset, Metric, Trainer, Training
from seqnlp.training.dataset import in_order, plan
from seqnlp.training.loop import Score

WORDS = ["the", "a", "cat", "dog", "sat", "ran", "mat", "."]
LABELS = Labels(["0", "1", "2"])


class Sentences(EncodedDataset):
    """Random words; the label of each depends on it and on the word before."""

    def __init__(self, lengths: list[int], budget: int) -> None:
        random = np.random.default_rng(1)
        self.sentences = [random.integers(0, len(WORDS), length).tolist() for length in lengths]
        column = Column.from_rows([[WORDS[word] for word in sentence] for sentence in self.sentences])
        self.section = TextEmbedding.parse({"words": Words(size=6), "chars": CharCnn(size=4, embedding_size=4)})
        self.codecs = self.section.fit(TokenizedText(Column.from_rows([WORDS])), lambda name: pytest.fail(name))
        self.text, self.budget = EncodedText.encode(TokenizedText(column), self.codecs), budget

    @property
    def items(self) -> int:
        return len(self.text.codes.values)

    def plan(self, seed: int, epoch: int) -> list[NDArray[np.int64]]:
        return plan(self.text.codes.lengths, self.budget, seed, epoch)

    def in_order(self) -> list[NDArray[np.int64]]:
        return in_order(self.text.codes.lengths, self.budget)

    def items_in(self, rows: NDArray[np.int64]) -> int:
        return int(self.text.codes.lengths[rows].sum())

    def batch(self, rows: NDArray[np.int64]) -> Batch:
        inputs = TextBatch.gather(self.text, rows)
        target = torch.full(inputs.mask.shape, UNSEEN)
        for place, row in enumerate(rows):
            words = np.array(self.sentences[row])
            before = np.concatenate([[0], words[:-1]])
            target[place, : len(words)] = torch.from_numpy((words + before) % len(LABELS))
        return Batch(inputs, {"label": target}, self.items_in(rows))


class InGivenBatches(Sentences):
    """The same batches in every epoch."""

    def __init__(self, lengths: list[int], batches: list[list[int]]) -> None:
        super().__init__(lengths, budget=1)
        self.batches = batches

    def plan(self, seed: int, epoch: int) -> list[NDArray[np.int64]]:
        return [np.array(rows) for rows in self.batches]


class Lanes(InGivenBatches):
    """Batches that go on where the last one ended, as those of a language model."""

    carries_state = True


def accuracy_on(examples: EncodedDataset) -> Score:
    """How much of a split a model gets right."""

    def score(model: SequenceModel) -> dict[str, float]:
        right = 0
        for rows in examples.in_order():
            batch = examples.batch(rows)
            states = model.encode(batch.inputs)
            labels = model.decoders["label"].predict(states).labels
            right += int((labels == batch.targets["label"].to(model.device))[states.mask].sum())
        return {"accuracy": right / examples.items}

    return score


def build_trainer(
    examples: Sentences | None = None,
    *,
    encoder: dict[str, Any] | str = "gru",
    optimizer: dict[str, Any] | str = "adamw",
    training: dict[str, Any] | None = None,
    dropout: float = 0.3,
    seed: int = 1,
    initial: int = 1,
    score: Score | None = None,
    metric: Metric | None = None,
    double: bool = False,
    device: torch.device = CPU,
) -> Trainer:
    """A trainer of a tiny tagger.

    Args:
        examples: What to train on; 12 short sentences in about 3 batches by default.
        encoder: The section, some small sizes aside.
        optimizer: The section.
        training: The section, over 2 epochs in float32 on one thread.
        dropout: Of embedding, encoder and decoder alike.
        seed: The recipe's.
        initial: Decides the first weights.
        score: By default the accuracy on the training data.
        metric: What is kept, accuracy by default.
        double: Whether to compute in float64.
        device: Where it is trained.
    """
    if examples is None:
        examples = Sentences([1, 4, 2, 6, 3, 5, 2, 4, 1, 3, 6, 2], budget=16)
    torch.manual_seed(initial)
    table = {"kind": encoder} if isinstance(encoder, str) else encoder
    section = examples.section.model_copy(update={"dropout": dropout})
    embedding = section.build(examples.codecs)
    layers = Encoder.parse({"size": 8, "dropout": dropout, **table}).build(embedding.width)
    decoder = Linear(dropout=dropout).build(layers.width, LABELS)
    model = SequenceModel(embedding, layers, {"label": decoder})
    return Trainer(
        move_module(model.double() if double else model, device),
        examples,
        score or accuracy_on(examples),
        metric or Metric("accuracy"),
        Optimizer.parse(optimizer),
        Training.model_validate({"epochs": 2, "threads": 1, "precision": "fp32", **(training or {})}),
        seed,
        "words",
    )


@pytest.fixture
def make_trainer() -> Callable[..., Trainer]:
    return build_trainer


@pytest.fixture
def given_batches() -> type[InGivenBatches]:
    return InGivenBatches


@pytest.fixture
def lanes() -> type[Lanes]:
    return Lanes
