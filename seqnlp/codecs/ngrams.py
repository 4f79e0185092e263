"""N-grams of characters within words, and n-grams of words within sentences."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Self, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from seqnlp.arrays import BLOCK, Ragged
from seqnlp.codecs.saved import Distinct, SavedCodec
from seqnlp.codecs.text import IDS, Column, TextCodec, TextFeatures, TokenizedText, composed
from seqnlp.codecs.vocabulary import UNKNOWN
from seqnlp.json_types import LARGEST


class SavedNGrams(SavedCodec):
    """JSON of n-grams."""

    words: Annotated[int, Field(ge=1, le=9)]
    chars: list[Annotated[int, Field(ge=1, le=LARGEST)]]
    lowercase: bool
    grams: Distinct

    @model_validator(mode="after")
    def _lengths(self) -> Self:
        if self.chars and (len(self.chars) != 2 or self.chars[0] > self.chars[1]):
            raise ValueError(f"chars: expected the shortest and the longest length, found {self.chars[:3]}")
        return self


@final
class NGrams(TextCodec):
    """Vocabulary of character n-grams in words and of word n-grams (phrases).

    A word gets a mark on either side, so that its parts are known from whole words: `<un`, `<unfair>`, `air>`
    (Bojanowski et al., 2017).
    """

    def __init__(self, grams: Sequence[str], words: int, chars: Sequence[int], lowercase: bool) -> None:
        """Store the n-grams that get a number.

        Args:
            grams: The first one gets number 1; words of a phrase stand apart by blanks.
            words: Words of the longest phrase.
            chars: Characters of the shortest and the longest part of a word; empty: only whole words count.
            lowercase: `The` and `the` are one word.
        """
        self.grams, self.words, self.chars, self.lowercase = list(grams), words, list(chars), lowercase
        self._number = {gram: number for number, gram in enumerate(self.grams, start=1)}
        self._is_composed = all(gram == composed(gram) for gram in self.grams)

    @classmethod
    def fit(cls, column: Column, words: int, chars: Sequence[int], min_count: int, lowercase: bool) -> Self:
        """Number the n-grams that occur at least `min_count` times, most frequent first."""
        empty = cls([], words, chars, lowercase)
        counts: Counter[str] = Counter()
        for word, count in column.counts().items():
            for gram in empty._inside(word):
                counts[gram] += count
        for _, _, phrases in empty._phrases(column):
            counts.update(phrases)
        del counts[""]
        kept = [gram for gram, count in counts.items() if count >= min_count]
        kept.sort(key=lambda gram: (-counts[gram], gram))
        return cls(kept, words, chars, lowercase)

    @property
    def is_composed(self) -> bool:
        return self._is_composed

    def __len__(self) -> int:
        """Number of n-grams, 0 for all without a number included."""
        return len(self.grams) + 1

    def features(self, text: TokenizedText) -> TextFeatures:
        """Encode the n-grams in each distinct word, and the phrases ending there."""
        phrases = {f"{length} words": ends for length, ends in self.phrases(text.words).items()}
        return TextFeatures(words={IDS: self.inside(text.words.distinct)}, sentences=phrases)

    def inside(self, words: Sequence[str]) -> Ragged:
        """Numbers of each word and its parts, each part once; one row per word."""
        number = self._number
        return Ragged.from_rows([[number[gram] for gram in self._inside(word) if gram in number] for word in words])

    def phrases(self, column: Column) -> dict[int, Ragged]:
        """Number of the phrase that ends at each word, or 0; by its length, from 2 words."""
        codes = column.codes
        numbers = {length: np.zeros(len(codes.values), np.int32) for length in range(2, self.words + 1)}
        for length, start, phrases in self._phrases(column):
            numbers[length][start : start + len(phrases)] = [self._number.get(phrase, UNKNOWN) for phrase in phrases]
        return {length: Ragged(each, codes.offsets) for length, each in numbers.items()}

    def _inside(self, word: str) -> list[str]:
        marked = f"<{self._folded(word)}>"
        shortest, longest = self.chars or (1, 0)
        lengths = range(shortest, longest + 1)
        parts = [marked[at : at + length] for length in lengths for at in range(len(marked) - length + 1)]
        return list(dict.fromkeys([marked, *parts]))

    def _phrases(self, column: Column) -> Iterator[tuple[int, int, list[str]]]:
        """Phrases that end at each word, block by block; empty where a text begins.

        Yields their length, from 2, the first word of the block, and the phrases.
        """
        distinct = [self._folded(word) for word in column.distinct]
        codes, offsets = column.codes.values, column.codes.offsets
        for start in range(0, len(codes), BLOCK):
            index = np.arange(start, min(start + BLOCK, len(codes)))
            begin = max(start + 1 - self.words, 0)
            flat = [distinct[code] for code in codes[begin : start + BLOCK].tolist()]
            place = index - offsets[np.searchsorted(offsets, index, "right") - 1]
            for length in range(2, self.words + 1):
                first, whole = (index + 1 - length - begin).tolist(), (place + 1 >= length).tolist()
                pairs = zip(first, whole, strict=True)
                yield length, start, [" ".join(flat[at : at + length]) if fits else "" for at, fits in pairs]

    def _folded(self, word: str) -> str:
        return word.lower() if self.lowercase else word

    def to_json(self) -> dict[str, Any]:
        return {"words": self.words, "chars": self.chars, "lowercase": self.lowercase, "grams": self.grams}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        saved = SavedNGrams.read(data)
        return cls(saved.grams, saved.words, saved.chars, saved.lowercase)


def log_count_ratios(codec: NGrams, words: Column, labels: Ragged, classes: int) -> NDArray[np.float32]:
    """Naive Bayes log-count ratios of each class against all others (Wang and Manning, 2012, section 2.1).

    log((1 + n_f) / sum_g (1 + n_g)) - log((1 + m_f) / sum_g (1 + m_g)), where n counts an n-gram in texts of the
    class and m in all the others.

    Args:
        codec: Numbers the n-grams.
        words: The texts of train.
        labels: The numbers of each text's labels.
        classes: Number of labels.

    Returns:
        Shape (n-grams, classes); 0 for what has no number.
    """
    marks = np.zeros((len(labels), classes))
    marks[np.repeat(np.arange(len(labels)), labels.lengths), labels.values] = 1
    inside, phrases = codec.inside(words.distinct), codec.phrases(words)

    def counts(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Weighted counts of n-grams; shape (n-grams - 1,), without the unknown."""
        of_words = _counted(words.codes, weights, len(words.distinct))
        found = np.zeros(len(codec)) + np.bincount(inside.values, np.repeat(of_words, inside.lengths), len(codec))
        for each in phrases.values():
            found = found + _counted(each, weights, len(codec))
        return np.delete(found, UNKNOWN)

    all_texts = counts(np.ones(len(labels)))
    ratios = np.zeros((len(codec), classes))
    for label in range(classes):
        own = 1 + counts(marks[:, label])
        others = 2 + all_texts - own
        ratios[1:, label] = np.log(own / own.sum()) - np.log(others / others.sum())
    return ratios.astype(np.float32)


def _counted(numbers: Ragged, weights: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Count each number below `size`, weighted by its row."""
    counts = np.zeros(size)
    step = max(BLOCK, size)
    for start in range(0, len(numbers.values), step):
        values = numbers.values[start : start + step]
        rows = np.searchsorted(numbers.offsets, np.arange(start, start + len(values)), "right") - 1
        counts += np.bincount(values, weights[rows], size)
    return counts
