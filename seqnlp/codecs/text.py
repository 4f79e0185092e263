"""Text: a column of sentences, encoded once, from which batches are gathered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqnlp.arrays import IntArray, Ragged
from seqnlp.codecs.base import WordCodec
from seqnlp.codecs.columns import Column


@dataclass(frozen=True)
class TextArrays:
    """A padded batch of sentences. What belongs to a word is there once for each distinct word in it."""

    index: NDArray[np.int64]
    """For each step, which distinct word stands there; shape (batch, time)."""
    mask: NDArray[np.bool_]
    """True on real steps; shape (batch, time)."""
    features: dict[str, NDArray[np.int64]]
    """One number or one padded row a distinct word; shape (distinct,) or (distinct, longest)."""
    columns: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    """What belongs to a step rather than to its word: one number each; shape (batch, time)."""


@dataclass(frozen=True)
class Text:
    """Sentences as numbers of distinct words, the features of each distinct word, and numbers beside the words."""

    codes: Ragged
    features: dict[str, NDArray[np.int64] | Ragged]
    columns: dict[str, Ragged] = field(default_factory=dict)

    @classmethod
    def encode(
        cls, column: Column, codecs: Mapping[str, WordCodec], columns: Mapping[str, Ragged] | None = None
    ) -> "Text":
        """Encode every distinct word of a column once.

        Args:
            column: The words.
            codecs: One for each view of a word.
            columns: What else is given at each step, encoded; rows are as long as those of `column`.
        """
        features = {name: codec.encode(column.distinct) for name, codec in codecs.items()}
        return cls(column.codes, features, dict(columns or {}))

    def batch(self, rows: IntArray) -> TextArrays:
        """Gather some sentences."""
        codes, mask = self.codes.pad(rows)
        distinct, inverse = np.unique(codes[mask], return_inverse=True)
        index = np.zeros(codes.shape, np.int64)
        index[mask] = inverse
        features = {name: _rows(feature, distinct) for name, feature in self.features.items()}
        columns = {name: values.pad(rows)[0] for name, values in self.columns.items()}
        return TextArrays(index, mask, features, columns)


def _rows(feature: NDArray[np.int64] | Ragged, distinct: NDArray[Any]) -> NDArray[np.int64]:
    return feature.pad(distinct)[0] if isinstance(feature, Ragged) else feature[distinct]
