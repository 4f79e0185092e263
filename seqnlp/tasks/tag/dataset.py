"""Labelled sentences, encoded."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, final

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field

from seqnlp.arrays import Ragged
from seqnlp.codecs import Column, Features, Labels
from seqnlp.codecs.features import decoder_name, sort_features
from seqnlp.codecs.labels import UNSEEN
from seqnlp.codecs.schemes import Scheme
from seqnlp.codecs.spans import check_tags, read_spans, write_spans
from seqnlp.codecs.text import Text
from seqnlp.codecs.vocabulary import UNKNOWN
from seqnlp.embeddings import TextBatch
from seqnlp.errors import DataError
from seqnlp.model import Batch
from seqnlp.recipe.data import Data
from seqnlp.training import EncodedDataset
from seqnlp.training.batches import in_order, plan

if TYPE_CHECKING:
    from datasets import Dataset

EVALUATION_TOKENS = 3000
"""Steps of a batch that no gradient is needed for."""


@final
class TagData(Data):
    """A corpus of sentences whose words are labelled."""

    renamed = {"encode": "training_scheme", "weights": "loss_weights"}

    tokens: str = "form"
    """The column that holds the words."""
    labels: list[str] = ["upos"]
    """The columns to predict, trained together, one decoder each."""
    auxiliary: list[str] = []
    """Columns that are learned beside them for what they teach, and neither scored nor predicted."""
    by_feature: list[str] = []
    """Those of them whose labels are lists such as `Case=Nom|Number=Sing`, to be learned with one decoder a feature."""
    loss_weights: dict[str, Annotated[float, Field(gt=0)]] = {}
    """Weight of the loss of each column; 1 for those that are left out."""
    scheme: Scheme | None = None
    """Scheme in which the label column writes spans of words: bio, bioes or iob1; left out: its labels are no spans."""
    training_scheme: Literal["bio", "bioes"] | None = None
    """Scheme to train in, bio or bioes; left out: that of the corpus, and bio for iob1."""
    repair: bool = False
    """Read tags that the scheme doesn't allow as `conlleval` does, instead of refusing them."""

    @property
    def encoding(self) -> Scheme | None:
        """The scheme to train in, if there is one."""
        return self.training_scheme or ("bio" if self.scheme == "iob1" else self.scheme)

    def words(self, split: "Dataset") -> Column:
        """The words of a split."""
        return Column.from_dataset(split, self.tokens)

    def beside(self, words: Column, split: "Dataset", name: str) -> Column:
        """A column with something for every word.

        Raises:
            seqnlp.errors.DataError: if it has more for a sentence, or less.
        """
        column = Column.from_dataset(split, name)
        words.check_parallel(column, self.tokens, name)
        return column

    def tags(self, words: Column, split: "Dataset", name: str) -> Column:
        """A column of labels, in the scheme to train in; features in their order.

        Raises:
            seqnlp.errors.DataError: for tags that its scheme doesn't have, or doesn't allow where they stand, and for
                labels that are no features.
        """
        column = self.beside(words, split, name)
        if name in self.by_feature:
            try:
                return sort_features(column)
            except DataError as error:
                raise error.replace(problem=f"column {name!r}: {error.problem}") from None
        if self.scheme is None or self.encoding is None or name not in self.labels:
            return column
        hint = ""
        try:
            spans = read_spans(column, self.scheme)
            hint = "data.repair = true reads such tags as conlleval does"
            if not self.repair:
                check_tags(column, self.scheme)
        except DataError as error:
            raise error.replace(problem=f"column {name!r}: {error.problem}", hint=hint) from None
        return write_spans(spans, column.codes.offsets, self.encoding)


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
