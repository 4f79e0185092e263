"""Labelled sentences, encoded."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
import torch
from numpy.typing import NDArray

from seqnlp.arrays import Ragged
from seqnlp.codecs import Column, Features, Labels
from seqnlp.codecs.features import decoder_name
from seqnlp.codecs.labels import UNSEEN
from seqnlp.codecs.text import Text
from seqnlp.codecs.vocabulary import UNKNOWN
from seqnlp.embeddings import TextBatch
from seqnlp.model import Batch
from seqnlp.training import EncodedDataset
from seqnlp.training.batches import in_order, plan

if TYPE_CHECKING:
    pass

EVALUATION_TOKENS = 3000

"""Steps of a batch that no gradient is needed for."""


@final
@dataclass(frozen=True)
class TagDataset(EncodedDataset):
    """Encoded sentences and their labels."""

    text: Text
    tags: dict[str, Column]
    """The labels of each label column, in the scheme to train in."""
    targets: dict[str, Ragged]
    """For each decoder, the numbers of what it should say."""
    unseen: dict[str, list[str]]
    """For each label column, the labels that train did not have, or the features."""
    train_numbers: NDArray[np.int64]
    """For each distinct word of `text`, its number among the words of train."""
    batch_tokens: int
    """Steps of a training batch."""

    @classmethod
    def encode(
        cls,
        text: Text,
        tags: dict[str, Column],
        codecs: Mapping[str, Labels | Features],
        train_numbers: NDArray[np.int64],
        batch_tokens: int,
    ) -> "TagDataset":
        """Number the labels."""
        targets = {}
        for name, column in tags.items():
            codec = codecs[name]
            if isinstance(codec, Features):
                for feature, numbers in codec.encode(column.distinct).items():
                    targets[decoder_name(name, feature)] = column.numbered(numbers)
            else:
                targets[name] = column.numbered(codec.encode(column.distinct))
        unseen = {name: codecs[name].unseen(column.distinct) for name, column in tags.items()}
        return cls(text, tags, targets, unseen, train_numbers, batch_tokens)

    @property
    def words(self) -> NDArray[np.int64]:
        """The number of every word among those of train; `UNKNOWN` if train did not have it."""
        numbers: NDArray[np.int64] = self.train_numbers[self.text.codes.values]
        return numbers

    @property
    def known(self) -> NDArray[np.bool_]:
        """Of every word, whether train had it."""
        known: NDArray[np.bool_] = self.words != UNKNOWN
        return known

    @property
    def items(self) -> int:
        """Words."""
        return len(self.text.codes.values)

    def plan(self, seed: int, epoch: int) -> list[NDArray[np.int64]]:
        """Sentences of about the same length together."""
        return plan(self.text.codes.lengths, self.batch_tokens, seed, epoch)

    def in_order(self) -> list[NDArray[np.int64]]:
        """Large batches, every sentence once."""
        return in_order(self.text.codes.lengths, EVALUATION_TOKENS)

    def items_in(self, rows: NDArray[np.int64]) -> int:
        """Words of some sentences."""
        return int(self.text.codes.lengths[rows].sum())

    def batch(self, rows: NDArray[np.int64]) -> Batch:
        """Gather some sentences."""
        inputs = TextBatch.of(self.text.batch(rows))
        targets = {name: torch.from_numpy(labels.pad(rows, fill=UNSEEN)[0]) for name, labels in self.targets.items()}
        return Batch(inputs, targets, self.items_in(rows))
