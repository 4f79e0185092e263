"""Label codecs: columns of labels as targets of decoders, each of which chooses from some `Labels`."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal, Self, final

import numpy as np
from numpy.typing import NDArray

from seqnlp.arrays import Ragged
from seqnlp.codecs.base import Codec
from seqnlp.codecs.columns import Column
from seqnlp.spec import Family

UNSEEN = -1
"""The number of a label that train did not have."""

ONLY = ""
"""The name of a decoder that is the only one of its column."""


class LabelCodec(Codec):
    """Encodes a column of labels for one or several decoders, and puts their choices together again."""

    @property
    @abstractmethod
    def decoders(self) -> "Mapping[str, Labels]":
        """The labels that each decoder chooses from, by its name within the column; `ONLY` if there is one."""

    @abstractmethod
    def encode_column(self, labels: Column, words: Column) -> dict[str, Ragged]:
        """Number the labels of some words.

        Returns:
            The target of each decoder at each word; `UNSEEN` where the decoder has no right choice.
        """

    @abstractmethod
    def decode_column(self, numbers: Mapping[str, NDArray[np.int64]], words: Column) -> Column:
        """Put labels together.

        Args:
            numbers: The choice of each decoder for each word; shape (words,).
            words: The words.
        """

    def unseen(self, labels: Sequence[str]) -> list[str]:
        """Labels, or parts of them, that can't be predicted because train did not have them."""
        return []

    def scored(self, gold: Column, predicted: Column) -> "Labels":
        """The labels to score by: all of both columns that can be predicted."""
        possible = [label for label in gold.distinct if not self.unseen([label])]
        return Labels.fit([*possible, *predicted.distinct])


@final
class Labels(LabelCodec):
    """Label <-> integer. A label that train did not have is -1: never predicted, and counted as wrong."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = list(names)
        self._number = {name: number for number, name in enumerate(self.names)}

    @classmethod
    def fit(cls, labels: Iterable[str]) -> Self:
        """Number the distinct labels in alphabetical order."""
        return cls(sorted(set(labels)))

    def __len__(self) -> int:
        return len(self.names)

    def encode(self, labels: Sequence[str]) -> NDArray[np.int64]:
        """The number of each label; shape (labels,)."""
        return np.fromiter((self._number.get(label, UNSEEN) for label in labels), np.int64, len(labels))

    def decode(self, numbers: Iterable[int]) -> list[str]:
        """The names of some numbers."""
        return [self.names[number] for number in numbers]

    @property
    def decoders(self) -> "Mapping[str, Labels]":
        """The only one chooses from all labels."""
        return {ONLY: self}

    def encode_column(self, labels: Column, words: Column) -> dict[str, Ragged]:
        """Number the labels."""
        return {ONLY: labels.numbered(self.encode(labels.distinct))}

    def decode_column(self, numbers: Mapping[str, NDArray[np.int64]], words: Column) -> Column:
        """The labels of some numbers."""
        return Column(Ragged(numbers[ONLY], words.codes.offsets), self.names)

    def unseen(self, labels: Sequence[str]) -> list[str]:
        """Labels without a number."""
        return [label for label in labels if label not in self._number]

    def scored(self, gold: Column, predicted: Column) -> "Labels":
        """All labels, in their own order."""
        return self

    def to_json(self) -> dict[str, Any]:
        """Names in order."""
        return {"labels": self.names}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The inverse of `to_json`."""
        return cls(data["labels"])


class LabelEncoding(Family, ABC):
    """The way in which a column of labels is learned. It fits the codec."""

    default_kind: ClassVar[str | None] = "categorical"

    def canonical(self, labels: Column) -> Column:
        """Write labels that mean the same in the same way.

        Raises:
            seqnlp.errors.DataError: for a label that is not of this kind.
        """
        return labels

    @abstractmethod
    def fit(self, labels: Column, words: Column) -> LabelCodec:
        """Make the codec from the labels of train, and the words that have them.

        Raises:
            seqnlp.errors.DataError: there is nothing to learn.
        """

    @abstractmethod
    def restore(self, data: dict[str, Any]) -> LabelCodec:
        """Take the codec that a run has saved."""


@final
class Categorical(LabelEncoding):
    """Each label is a class of its own."""

    kind: Literal["categorical"] = "categorical"

    def fit(self, labels: Column, words: Column) -> Labels:
        """Number the labels."""
        return Labels.fit(labels.distinct)

    def restore(self, data: dict[str, Any]) -> Labels:
        """Take saved labels."""
        return Labels.from_json(data)


def decoder_name(column: str, part: str) -> str:
    """The name of a decoder of a column."""
    return f"{column}.{part}" if part != ONLY else column


def by_decoder(column: str, codec: LabelCodec) -> dict[str, Labels]:
    """The labels that each decoder of a column chooses from, by the decoder's name in the model."""
    return {decoder_name(column, part): labels for part, labels in codec.decoders.items()}
