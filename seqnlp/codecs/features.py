"""Features: labels such as `Case=Nom|Number=Sing`, taken apart into one label a feature and put together again."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self, final

import numpy as np
from numpy.typing import NDArray

from seqnlp.codecs.base import Codec
from seqnlp.codecs.columns import Column
from seqnlp.codecs.labels import Labels
from seqnlp.errors import DataError

NONE = "_"
"""A label without features, and the value of a feature that a label hasn't got."""


def split_features(label: str) -> dict[str, str]:
    """The values of a label's features by name.

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
    """The label that has these features, in the order of Universal Dependencies: by name, whatever the case."""
    names = sorted((name for name in features if features[name] != NONE), key=_order)
    return "|".join(f"{name}={features[name]}" for name in names) or NONE


def sort_features(column: Column) -> Column:
    """A column with the features of each label in order.

    Raises:
        seqnlp.errors.DataError: for a label that is no list of features.
    """
    number: dict[str, int] = {}
    labels = (join_features(split_features(label)) for label in column.distinct)
    codes = np.fromiter((number.setdefault(label, len(number)) for label in labels), np.int64, len(column.distinct))
    return Column(column.numbered(codes), list(number))


@final
class Features(Codec):
    """Label <-> one integer for each feature. What train did not have is -1, as with `Labels`."""

    def __init__(self, parts: dict[str, Labels]) -> None:
        """Take the values of each feature by name; `_` is among them if there are labels without the feature."""
        self.parts = {name: parts[name] for name in sorted(parts, key=_order)}

    @classmethod
    def fit(cls, labels: Iterable[str]) -> Self:
        """Number the values of each feature."""
        tables = [split_features(label) for label in labels]
        names = {name for table in tables for name in table}
        return cls({name: Labels.fit(table.get(name, NONE) for table in tables) for name in names})

    def encode(self, labels: Sequence[str]) -> dict[str, NDArray[np.int64]]:
        """The number of each label's value of each feature; each of shape (labels,)."""
        tables = [split_features(label) for label in labels]
        return {name: values.encode([table.get(name, NONE) for table in tables]) for name, values in self.parts.items()}

    def unseen(self, labels: Iterable[str]) -> list[str]:
        """The features `Name=Value` among some labels that train did not have."""
        seen = {f"{name}={value}" for name, values in self.parts.items() for value in values.names}
        features = dict.fromkeys(part for label in labels if label != NONE for part in label.split("|"))
        return [feature for feature in features if feature not in seen]

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

    def to_json(self) -> dict[str, Any]:
        """The values of each feature in order."""
        return {"features": {name: values.names for name, values in self.parts.items()}}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The inverse of `to_json`."""
        return cls({name: Labels(values) for name, values in data["features"].items()})


def decoder_name(column: str, feature: str) -> str:
    """What the decoder of one feature of a column is called."""
    return f"{column}.{feature}"


def by_decoder(column: str, codec: Labels | Features) -> dict[str, Labels]:
    """What each decoder of a column chooses from, by the decoder's name."""
    if isinstance(codec, Labels):
        return {column: codec}
    return {decoder_name(column, feature): values for feature, values in codec.parts.items()}


def _order(name: str) -> tuple[str, str]:
    return name.lower(), name
