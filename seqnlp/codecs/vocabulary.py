"""Vocabularies of words, and of the values of columns."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self, final

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from seqnlp.codecs.saved import Count, Distinct, SavedCodec
from seqnlp.codecs.text import IDS, Codec, TextCodec, TextFeatures, TokenizedText, WordCodec, composed
from seqnlp.json_types import JsonObject

UNKNOWN = 0


class SavedVocabulary(SavedCodec):
    """JSON of a vocabulary."""

    lowercase: bool
    words: Distinct
    counts: list[Count]

    @model_validator(mode="after")
    def _sizes_agree(self) -> Self:
        if len(self.words) != len(self.counts):
            raise ValueError(f"expected a count for each word, found {len(self.counts)} for {len(self.words)} words")
        return self


@final
class Vocabulary(WordCodec):
    """Word <-> integer; 0 stands for every word that is rare or absent in train."""

    def __init__(self, words: Iterable[str], counts: Iterable[int], lowercase: bool = False) -> None:
        """Store the words, numbered from 1, and their counts in train."""
        self.words = list(words)
        self.counts = np.array([0, *counts], np.int64)
        self.lowercase = lowercase
        self._number = {word: number for number, word in enumerate(self.words, start=1)}
        self._is_composed = all(word == composed(word) for word in self.words)

    @classmethod
    def fit(cls, counts: Mapping[str, int], min_count: int = 1, lowercase: bool = False) -> Self:
        """Number the words seen at least `min_count` times, the most frequent first."""
        if lowercase:
            folded: Counter[str] = Counter()
            for word, count in counts.items():
                folded[word.lower()] += count
            counts = folded
        kept = [word for word, count in counts.items() if count >= min_count]
        kept.sort(key=lambda word: (-counts[word], word))
        return cls(kept, (counts[word] for word in kept), lowercase)

    def __len__(self) -> int:
        """Size of the vocabulary, the unknown word included."""
        return len(self.words) + 1

    @property
    def is_composed(self) -> bool:
        return self._is_composed

    def __contains__(self, word: str) -> bool:
        return (word.lower() if self.lowercase else word) in self._number

    def encode(self, words: Sequence[str]) -> NDArray[np.int64]:
        """Index of each word; shape (words,)."""
        if self.lowercase:
            words = [word.lower() for word in words]
        return np.fromiter((self._number.get(word, UNKNOWN) for word in words), np.int64, len(words))

    def decode(self, numbers: Iterable[int], unknown: str = "<unk>") -> list[str]:
        """Words with these numbers."""
        return [self.words[number - 1] if number else unknown for number in numbers]

    @property
    def row_names(self) -> list[str | None]:
        return [None, *self.words]

    def extending(self, before: Codec) -> Self:
        """Words of the other vocabulary, then the new ones; counts are summed."""
        if not isinstance(before, Vocabulary) or before.lowercase != self.lowercase:
            return self
        words = [*before.words, *(word for word in self.words if word not in before._number)]
        counts = dict(zip(before.words, before.counts[1:].tolist(), strict=True))
        for word, count in zip(self.words, self.counts[1:].tolist(), strict=True):
            counts[word] = counts.get(word, 0) + count
        return type(self)(words, (counts[word] for word in words), self.lowercase)

    def to_json(self) -> dict[str, Any]:
        return {"lowercase": self.lowercase, "words": self.words, "counts": self.counts[1:].tolist()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        saved = SavedVocabulary.read(data)
        return cls(saved.words, saved.counts, saved.lowercase)


class SavedColumn(SavedCodec):
    """JSON of the vocabulary of a column."""

    column: str
    values: dict[str, Any]


@final
class ColumnVocabulary(TextCodec):
    """Vocabulary of a column that is given beside the words."""

    def __init__(self, column: str, values: Vocabulary) -> None:
        self.column, self.values = column, values

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.column,)

    @property
    def is_composed(self) -> bool:
        return self.values.is_composed

    def features(self, text: TokenizedText) -> TextFeatures:
        column = text.columns[self.column]
        return TextFeatures(sentences={IDS: column.numbered(self.values.encode(column.distinct))})

    @property
    def row_names(self) -> list[str | None]:
        return self.values.row_names

    def extending(self, before: Codec) -> Self:
        if not isinstance(before, ColumnVocabulary):
            return self
        return type(self)(self.column, self.values.extending(before.values))

    def to_json(self) -> dict[str, Any]:
        return {"column": self.column, "values": self.values.to_json()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        saved = SavedColumn.read(data)
        return cls(saved.column, Vocabulary.from_json(JsonObject.inside(data, "values")))
