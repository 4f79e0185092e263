"""Label codecs: columns of labels as targets of decoders."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal, Self, final

import numpy as np
from numpy.typing import NDArray

from seqnlp.arrays import Ragged, smallest
from seqnlp.codecs.saved import Distinct, SavedCodec
from seqnlp.codecs.text import Codec, Column
from seqnlp.spec import Family

NOTHING = "_"
"""Label of a word that has none in CoNLL formats."""

UNSEEN = -1
"""Index of a label that train did not have."""

ONLY = ""
"""Name of a decoder that is the only one of its column."""


_WHOLE = re.compile(r"[+-]?\d+\.0+")


def same_class(label: str) -> str:
    """Normalized spelling of whole numbers and booleans, which programs write differently."""
    if _WHOLE.fullmatch(label):
        return label.partition(".")[0]
    return label.lower() if label.lower() in ("true", "false") else label


class LabelCodec(Codec):
    """Codec of a column of labels for one or several decoders."""

    reads_words: ClassVar[bool] = False
    """True if its decoders also read the embedding of each word, beside its encoding in the sentence."""
    are_classes: ClassVar[bool] = True
    """False for labels that are made of the words, such as lemmas: new ones are no surprise."""
    made_of: ClassVar[str] = "labels"
    """Parts that the model makes such labels of."""

    @property
    @abstractmethod
    def decoders(self) -> "Mapping[str, Labels]":
        """Label set of each decoder, by its name within the column; `ONLY` if there is one."""

    @abstractmethod
    def encode_column(self, labels: Column, words: Column) -> dict[str, Ragged]:
        """Encode labels of words.

        Returns:
            The target of each decoder at each word; `UNSEEN` where it has no right one.
        """

    @abstractmethod
    def decode_column(self, numbers: Mapping[str, NDArray[np.int64]], words: Column) -> Column:
        """Decode predictions into labels.

        Args:
            numbers: Predictions of each decoder; shape (words,).
            words: The words.
        """

    def decode_likeliest(
        self, numbers: Mapping[str, NDArray[np.int64]], scores: Mapping[str, NDArray[np.float32]], words: Column
    ) -> tuple[Column, NDArray[np.float32]]:
        """Decode predictions into labels and their probabilities.

        Args:
            numbers: Predictions of each decoder; shape (words,).
            scores: Their probabilities; shape (words,). That of a label with several decoders is their product: they
                are taken as independent.
            words: The words.
        """
        return self.decode_column(numbers, words), np.prod([scores[part] for part in self.decoders], axis=0)

    def ranked(
        self, shares: Mapping[str, NDArray[np.float32]], words: Column, number: int | None
    ) -> list[list[tuple[str, float]]]:
        """Rank labels by probability.

        Args:
            shares: Probabilities of each decoder's labels; shape (words, labels).
            words: The words.
            number: Labels of each word, at most; None for all.

        Returns:
            For each word labels with their probabilities, the likeliest first.
        """
        products, chosen = likeliest_products([shares[part] for part in self.decoders], number)
        ranks = []
        for rank in range(products.shape[1]):
            numbers = {part: each[:, rank] for part, each in zip(self.decoders, chosen, strict=True)}
            decoded = self.decode_column(numbers, words)
            ranks.append([decoded.distinct[code] for code in decoded.codes.values.tolist()])
        return [ranked_labels(zip(row, own.tolist(), strict=True)) for *row, own in zip(*ranks, products, strict=True)]

    def loss_weights(self) -> dict[str, float]:
        """Weight of each decoder in the loss of the column."""
        return dict.fromkeys(self.decoders, 1.0)

    @property
    def is_blank(self) -> bool:
        """True if train has no label but `_`."""
        return all(labels.names == [NOTHING] for labels in self.decoders.values())

    def classes(self, labels: Column, words: Column) -> Column:
        """Classes that labels are scored and listed by: two labels of a word are equal if theirs are."""
        return labels

    def listed(self, labels: Column, words: Column) -> Column:
        """Classes that precision and recall are listed for."""
        return self.classes(labels, words)

    def own_scores(self, gold: Column, predicted: Column) -> dict[str, float]:
        """Scores that only this kind of label has, by name."""
        return {}

    @property
    def reads_labels(self) -> tuple[str, ...]:
        """Label columns whose predictions `revised` reads."""
        return ()

    def revised(self, labels: Column, words: Column, others: Mapping[str, Column]) -> Column:
        """Revise predicted labels by those of other columns.

        Args:
            labels: The decoded predictions.
            words: The words.
            others: Decoded predictions of `reads_labels` by name; columns without any are left out.
        """
        return labels

    def written(self, name: str, labels: Column) -> dict[str, Column]:
        """Columns that predicted labels are written into, the own one first."""
        return {name: labels}

    @property
    def partners(self) -> tuple[str, ...]:
        """Names of the columns that labels are written into beside their own."""
        return ()

    def trivial(self, words: Column) -> Column | None:
        """Labels of words that train lacks, as a trivial system has it; None: the most frequent label."""
        return None

    def unseen(self, labels: Sequence[str]) -> list[str]:
        """Labels, or parts of them, that train lacks: none can be predicted."""
        return []

    def scored(self, gold: Column, predicted: Column) -> "Labels":
        """Label set to score by: all labels of both columns that can be predicted."""
        possible = [label for label in gold.distinct if not self.unseen([label])]
        return Labels.fit([*possible, *predicted.distinct])


class SavedLabels(SavedCodec):
    """JSON of a set of labels."""

    labels: Distinct


@final
class Labels(LabelCodec):
    """Label <-> integer. A label that train did not have is -1: never predicted, and counted as wrong."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = list(names)
        self._number = {name: number for number, name in enumerate(self.names)}
        self._alike = {same_class(name): number for name, number in reversed(self._number.items())}

    @classmethod
    def fit(cls, labels: Iterable[str]) -> Self:
        """Number the distinct labels in alphabetical order."""
        return cls(sorted(set(labels)))

    def __len__(self) -> int:
        return len(self.names)

    def encode(self, labels: Sequence[str]) -> NDArray[np.int64]:
        """Index of each label; shape (labels,)."""
        return np.fromiter(map(self._find, labels), np.int64, len(labels))

    def _find(self, label: str) -> int:
        """Index of a label, also in another program's spelling; `UNSEEN` if there is none."""
        number = self._number.get(label)
        return self._alike.get(same_class(label), UNSEEN) if number is None else number

    def decode(self, numbers: Iterable[int]) -> list[str]:
        """Names of the labels with these numbers."""
        return [self.names[number] for number in numbers]

    @property
    def decoders(self) -> "Mapping[str, Labels]":
        return {ONLY: self}

    def encode_column(self, labels: Column, words: Column) -> dict[str, Ragged]:
        return {ONLY: labels.numbered(smallest(self.encode(labels.distinct)))}

    def decode_column(self, numbers: Mapping[str, NDArray[np.int64]], words: Column) -> Column:
        return Column(Ragged(numbers[ONLY], words.codes.offsets), self.names)

    def unseen(self, labels: Sequence[str]) -> list[str]:
        return [label for label in labels if self._find(label) == UNSEEN]

    def scored(self, gold: Column, predicted: Column) -> "Labels":
        """All labels, in their own order."""
        return self

    @property
    def row_names(self) -> list[str]:
        return self.names

    def extending(self, before: Codec) -> Self:
        """Labels of the other set, then the new ones; without a label in common these alone."""
        if not isinstance(before, Labels) or not set(self.names) & set(before.names):
            return self
        return type(self)(dict.fromkeys([*before.names, *self.names]))

    def to_json(self) -> dict[str, Any]:
        return {"labels": self.names}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls(SavedLabels.read(data).labels)


class LabelEncoding(Family, ABC):
    """Kind of a label column; fits its codec."""

    default_kind: ClassVar[str | None] = "categorical"

    codec_class: ClassVar[type[LabelCodec]]
    """Codec that it fits."""

    @property
    def partners(self) -> tuple[str, ...]:
        """Names of columns that the labels are read from beside their own."""
        return ()

    def merged(self, labels: Column, partners: Mapping[str, Column]) -> Column:
        """Labels of a column and its partners.

        Raises:
            seqnlp.errors.DataError: they do not go together.
        """
        return labels

    def canonical(self, labels: Column) -> Column:
        """Normalize labels that mean the same.

        Raises:
            seqnlp.errors.DataError: for a label that is not of this kind.
        """
        return labels

    @property
    def reads_labels(self) -> tuple[str, ...]:
        """Names of label columns that the codec reads too."""
        return ()

    def fit_beside(self, codec: LabelCodec, labels: Column, words: Column, others: Mapping[str, Column]) -> LabelCodec:
        """Fit what a codec learns from other label columns, those of `reads_labels`."""
        return codec

    @abstractmethod
    def fit(self, labels: Column, words: Column) -> LabelCodec:
        """Fit the codec on the labels of train and their words.

        Raises:
            seqnlp.errors.DataError: there is nothing to learn.
        """

    def restore(self, data: dict[str, Any]) -> LabelCodec:
        """Restore the codec of a run."""
        return self.codec_class.from_json(data)


@final
class Categorical(LabelEncoding):
    """Plain classes: each label is one."""

    codec_class = Labels

    kind: Literal["categorical"] = "categorical"

    def fit(self, labels: Column, words: Column) -> Labels:
        return Labels.fit(labels.distinct)


def likeliest_products(
    shares: Sequence[NDArray[np.float32]], number: int | None
) -> tuple[NDArray[np.float32], list[NDArray[np.int64]]]:
    """Find the likeliest combinations of independent choices.

    Args:
        shares: Probabilities of the choices of each decoder; shape (words, labels).
        number: Combinations of each word, at most.

    Returns:
        Their probabilities, the highest first, shape (words, combinations); the choices of each decoder in them.
    """
    words = len(shares[0])
    products, chosen = np.ones((words, 1), np.float32), list[NDArray[np.int64]]()
    for own in shares:
        order = np.argsort(-own, axis=1, kind="stable")[:, :number]
        pairs = products[:, :, None] * np.take_along_axis(own, order, 1)[:, None, :]
        pairs = pairs.reshape(words, products.shape[1] * order.shape[1])
        best = np.argsort(-pairs, axis=1, kind="stable")[:, :number]
        products = np.take_along_axis(pairs, best, 1)
        before, here = np.divmod(best, max(order.shape[1], 1))
        chosen = [np.take_along_axis(each, before, 1) for each in chosen]
        chosen.append(np.take_along_axis(order, here, 1))
    return products, chosen


def ranked_labels(shares: Iterable[tuple[str, float]]) -> list[tuple[str, float]]:
    """Labels by falling probability; those that are written alike are one, with the sum of theirs."""
    merged: dict[str, float] = {}
    for label, share in shares:
        merged[label] = merged.get(label, 0.0) + share
    return sorted(merged.items(), key=lambda pair: -pair[1])


def decoder_name(column: str, part: str) -> str:
    """Name of a decoder in the model."""
    return f"{column}.{part}" if part != ONLY else column


def by_decoder(column: str, codec: LabelCodec) -> dict[str, Labels]:
    """Label set of each decoder of a column, by decoder name."""
    return {decoder_name(column, part): labels for part, labels in codec.decoders.items()}
