"""Morphological features: labels such as `Case=Nom|Number=Sing`, learned with one decoder per feature."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, Self, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from seqnlp.arrays import Ragged, smallest
from seqnlp.codecs.labels import NOTHING, ONLY, LabelCodec, LabelEncoding, Labels, likeliest_products, ranked_labels
from seqnlp.codecs.saved import Distinct, SavedCodec
from seqnlp.codecs.text import Column
from seqnlp.errors import DataError

NONE = NOTHING
"""A label without features; also the value of a missing feature."""


def split_features(label: str) -> dict[str, str]:
    """Split a label into the values of its features by name.

    Raises:
        seqnlp.errors.DataError: if the label is neither `_` nor `Name=Value|Name=Value` with each name once.
    """
    features: dict[str, str] = {}
    for part in label.split("|") if label != NONE else []:
        name, _, value = part.partition("=")
        if not name or value in ("", NONE):
            raise DataError(f"{label!r} is no list of features; expected one such as 'Case=Nom|Number=Sing', or '_'")
        if name in features:
            raise DataError(f"{label!r} has feature {name!r} twice")
        features[name] = value
    return features


def join_features(features: Mapping[str, str]) -> str:
    """Join features in the order of Universal Dependencies: by name, ignoring case."""
    names = sorted((name for name in features if features[name] != NONE), key=feature_order)
    return "|".join(f"{name}={features[name]}" for name in names) or NONE


def sort_features(column: Column) -> Column:
    """Put the features of each label of a column in order.

    Raises:
        seqnlp.errors.DataError: for a label that is no list of features.
    """
    number: dict[str, int] = {}
    labels = (join_features(split_features(label)) for label in column.distinct)
    codes = np.fromiter((number.setdefault(label, len(number)) for label in labels), np.int64, len(column.distinct))
    return Column(column.numbered(codes), list(number))


class SavedFeatures(SavedCodec):
    """JSON of the values of each feature."""

    features: dict[Annotated[str, Field(min_length=1)], Annotated[Distinct, Field(min_length=1)]]
    labels: Distinct | None = None


@final
class Features(LabelCodec):
    """Label <-> an integer for the whole, and one for each feature.

    The features alone learn slowly: each of many decoders has to find the few words that have its feature, and a label
    is wrong if one of them errs. So a decoder of whole labels decides, unless the features together make a likelier
    one that train does not have. Anything that train did not have is -1, as with `Labels`.
    """

    def __init__(self, parts: dict[str, Labels], whole: Labels | None) -> None:
        """Store the label sets.

        Args:
            parts: Values of each feature by name; `_` among them where some labels lack it.
            whole: Whole labels, with features in order; None in a codec that has features alone, as older ones did.
        """
        self.parts = {name: parts[name] for name in sorted(parts, key=feature_order)}
        self.whole = whole

    @classmethod
    def fit(cls, labels: Iterable[str]) -> Self:
        """Number the labels, and the values of each feature."""
        tables = [split_features(label) for label in labels]
        names = {name for table in tables for name in table}
        parts = {name: Labels.fit(table.get(name, NONE) for table in tables) for name in names}
        return cls(parts, Labels.fit(map(join_features, tables)))

    @property
    def decoders(self) -> Mapping[str, Labels]:
        """One for whole labels, and one a feature, which chooses its value."""
        return self.parts if self.whole is None else {ONLY: self.whole, **self.parts}

    def loss_weights(self) -> dict[str, float]:
        """The features together weigh as much as whole labels."""
        if self.whole is None:
            return dict.fromkeys(self.parts, 1.0)
        return {ONLY: 1.0, **dict.fromkeys(self.parts, 1 / len(self.parts))}

    def encode(self, labels: Sequence[str]) -> dict[str, NDArray[np.int64]]:
        """Index of each label's value of each feature; each of shape (labels,)."""
        tables = [split_features(label) for label in labels]
        return {name: values.encode([table.get(name, NONE) for table in tables]) for name, values in self.parts.items()}

    def decode(self, numbers: Mapping[str, NDArray[np.int64]]) -> tuple[NDArray[np.int64], list[str]]:
        """Put labels together.

        Args:
            numbers: The values of each feature, shape (words,).

        Returns:
            For each word the position of its label in a list, shape (words,), and the list, which has each label once.
        """
        rows = np.stack([numbers[name] for name in self.parts], axis=1)
        distinct, positions = np.unique(rows, axis=0, return_inverse=True)
        labels = [
            join_features({name: values.names[n] for n, (name, values) in zip(row, self.parts.items(), strict=True)})
            for row in distinct.tolist()
        ]
        return positions.reshape(-1), labels

    def encode_column(self, labels: Column, words: Column) -> dict[str, Ragged]:
        targets = self.encode(labels.distinct)
        if self.whole is not None:
            targets[ONLY] = self.whole.encode(labels.distinct)
        return {part: labels.numbered(smallest(numbers)) for part, numbers in targets.items()}

    def decode_column(self, numbers: Mapping[str, NDArray[np.int64]], words: Column) -> Column:
        positions, labels = self.decode(numbers)
        return Column(Ragged(positions, words.codes.offsets), labels)

    def decode_likeliest(
        self, numbers: Mapping[str, NDArray[np.int64]], scores: Mapping[str, NDArray[np.float32]], words: Column
    ) -> tuple[Column, NDArray[np.float32]]:
        joined = self.decode_column(numbers, words)
        together: NDArray[np.float32] = np.prod([scores[part] for part in self.parts], axis=0)
        if self.whole is None:
            return joined, together
        new = np.array([bool(self.whole.unseen([label])) for label in joined.distinct], bool)
        chosen = new[joined.codes.values] & (together > scores[ONLY])
        whole = self.whole.decode_column(numbers, words)
        return joined.where(chosen, whole), np.where(chosen, together, scores[ONLY])

    def ranked(
        self, shares: Mapping[str, NDArray[np.float32]], words: Column, number: int | None
    ) -> list[list[tuple[str, float]]]:
        if self.whole is None:
            return super().ranked(shares, words, number)
        rows = self.whole.ranked(shares, words, number)
        together, chosen = likeliest_products([shares[part] for part in self.parts], 1)
        joined = self.decode_column({part: each[:, 0] for part, each in zip(self.parts, chosen, strict=True)}, words)
        labels = [joined.distinct[code] for code in joined.codes.values.tolist()]
        new = set(self.whole.unseen(joined.distinct))
        return [
            ranked_labels([*row, (label, share)])[:number] if label in new else row
            for row, label, share in zip(rows, labels, together[:, 0].tolist(), strict=True)
        ]

    def unseen(self, labels: Sequence[str]) -> list[str]:
        """Features `Name=Value` among some labels that train did not have."""
        seen = {f"{name}={value}" for name, values in self.parts.items() for value in values.names}
        features = dict.fromkeys(part for label in labels if label != NONE for part in label.split("|"))
        return [feature for feature in features if feature not in seen]

    def to_json(self) -> dict[str, Any]:
        whole = {} if self.whole is None else {"labels": self.whole.names}
        return {"features": {name: values.names for name, values in self.parts.items()}, **whole}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        saved = SavedFeatures.read(data)
        parts = {name: Labels(values) for name, values in saved.features.items()}
        return cls(parts, None if saved.labels is None else Labels(saved.labels))


@final
class FeatureEncoding(LabelEncoding):
    """Lists of features such as `Case=Nom|Number=Sing`.

    There is a decoder for whole labels and one for each feature.
    """

    codec_class = Features

    kind: Literal["features"] = "features"

    def canonical(self, labels: Column) -> Column:
        return sort_features(labels)

    def fit(self, labels: Column, words: Column) -> Features:
        if set(labels.distinct) <= {NONE}:
            raise DataError(f"there are no features in train, only {NONE!r}")
        return Features.fit(labels.distinct)


def feature_order(name: str) -> tuple[str, str]:
    """Key of a feature's name in the order of Universal Dependencies."""
    return name.lower(), name
