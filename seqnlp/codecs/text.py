"""Text: a column of sentences, encoded once, from which batches are gathered."""

from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Text:
    """Sentences as numbers of distinct words, and the features of each distinct word."""

    codes: Ragged
    features: dict[str, NDArray[np.int64] | Ragged]

    @classmethod
    def encode(cls, column: Column, codecs: Mapping[str, WordCodec]) -> "Text":
        """Encode every distinct word of a column once."""
        return cls(column.codes, {name: codec.encode(column.distinct) for name, codec in codecs.items()})

    def batch(self, rows: IntArray) -> TextArrays:
        """Gather some sentences."""
        codes, mask = self.codes.pad(rows)
        distinct, inverse = np.unique(codes[mask], return_inverse=True)
        index = np.zeros(codes.shape, np.int64)
        index[mask] = inverse
        features = {name: _rows(feature, distinct) for name, feature in self.features.items()}
        return TextArrays(index, mask, features)


def _rows(feature: NDArray[np.int64] | Ragged, distinct: NDArray[Any]) -> NDArray[np.int64]:
    return feature.pad(distinct)[0] if isinstance(feature, Ragged) else feature[distinct]
