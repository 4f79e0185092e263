"""N-grams: what words are made of, and the phrases that they end."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Self, final

import numpy as np

from seqnlp.arrays import Ragged
from seqnlp.codecs.base import Codec
from seqnlp.codecs.columns import Column
from seqnlp.codecs.vocabulary import UNKNOWN


@final
class NGrams(Codec):
    """Words -> the numbers of their n-grams of characters, and of the n-grams of words; rare ones have none.

    A word gets a mark on either side, so that its parts are known from whole words: `<un`, `<unfair>`, `air>`
    (Bojanowski et al., 2017).
    """

    def __init__(self, grams: Sequence[str], words: int, chars: Sequence[int], lowercase: bool) -> None:
        """Take the n-grams that get a number.

        Args:
            grams: The first one gets number 1; words of a phrase stand apart by blanks.
            words: Words of the longest phrase.
            chars: Characters of the shortest and the longest part of a word; empty: only whole words count.
            lowercase: Whether `The` and `the` are one word.
        """
        self.grams, self.words, self.chars, self.lowercase = list(grams), words, list(chars), lowercase
        self._number = {gram: number for number, gram in enumerate(self.grams, start=1)}

    @classmethod
    def fit(cls, column: Column, words: int, chars: Sequence[int], min_count: int, lowercase: bool) -> Self:
        """Number the n-grams that occur at least `min_count` times, the most frequent first."""
        empty = cls([], words, chars, lowercase)
        counts: Counter[str] = Counter()
        for word, count in column.counts().items():
            for gram in empty._inside(word):
                counts[gram] += count
        for phrases in empty._phrases(column):
            counts.update(phrases)
        del counts[""]
        kept = [gram for gram, count in counts.items() if count >= min_count]
        kept.sort(key=lambda gram: (-counts[gram], gram))
        return cls(kept, words, chars, lowercase)

    def __len__(self) -> int:
        """How many numbers there are, 0 for all without one included."""
        return len(self.grams) + 1

    def inside(self, words: Sequence[str]) -> Ragged:
        """The numbers of each word and its parts, each part once; one row a word."""
        number = self._number
        return Ragged.from_rows([[number[gram] for gram in self._inside(word) if gram in number] for word in words])

    def phrases(self, column: Column) -> dict[int, Ragged]:
        """The number of the phrase that ends at each word, or 0; for each length from 2 words on."""
        numbers = [[self._number.get(phrase, UNKNOWN) for phrase in each] for each in self._phrases(column)]
        ends = (Ragged(np.array(each, np.int64), column.codes.offsets) for each in numbers)
        return dict(enumerate(ends, start=2))

    def _inside(self, word: str) -> list[str]:
        marked = f"<{self._folded(word)}>"
        shortest, longest = self.chars or (1, 0)
        lengths = range(shortest, longest + 1)
        parts = [marked[at : at + length] for length in lengths for at in range(len(marked) - length + 1)]
        return list(dict.fromkeys([marked, *parts]))

    def _phrases(self, column: Column) -> Iterator[list[str]]:
        """Of each length from 2 on, the phrase that ends at each word of the column; empty where a text begins."""
        distinct = [self._folded(word) for word in column.distinct]
        flat = [distinct[code] for code in column.codes.values]
        place = np.arange(len(flat)) - np.repeat(column.codes.offsets[:-1], column.codes.lengths)
        for length in range(2, self.words + 1):
            first = (place + 1 - length).tolist()
            yield [" ".join(flat[end + 1 - length : end + 1]) if start >= 0 else "" for end, start in enumerate(first)]

    def _folded(self, word: str) -> str:
        return word.lower() if self.lowercase else word

    def to_json(self) -> dict[str, Any]:
        """N-grams in order, and how they are made."""
        return {"words": self.words, "chars": self.chars, "lowercase": self.lowercase, "grams": self.grams}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The inverse of `to_json`."""
        return cls(data["grams"], data["words"], data["chars"], data["lowercase"])
