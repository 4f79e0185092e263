"""Pretrained vectors of words, and of the character n-grams of other words."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Annotated, Any, Self, final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from seqnlp.arrays import Ragged
from seqnlp.codecs.saved import Count, SavedCodec
from seqnlp.codecs.text import Origin, WordCodec, composed
from seqnlp.codecs.vector_files import Ngrams, VectorFile
from seqnlp.errors import DataError
from seqnlp.json_types import LARGEST

UNKNOWN = 0

UNKNOWN_WORDS = ("<unk>", "<UNK>", "[UNK]", "UNK", "<|unk|>")
"""Names under which files give a vector for all words that they lack."""


class SavedSubwords(BaseModel):
    """JSON of the buckets of n-grams that were kept."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    shortest: Annotated[int, Field(ge=1, le=1000)]
    longest: Annotated[int, Field(ge=1, le=1000)]
    buckets: Annotated[int, Field(ge=1, le=LARGEST)]
    kept: list[Count]


class SavedVectors(SavedCodec):
    """JSON of the words that have vectors; a file of vectors may name one twice."""

    words: Annotated[list[str], Field(min_length=1)]
    size: Annotated[int, Field(ge=1, le=LARGEST)]
    subwords: SavedSubwords | None = None
    origin: dict[str, str] | None = None


@final
class WordVectors(WordCodec):
    """Word <-> rows of a matrix; row 0 is for words without a vector. Words are also tried in lower case.

    Behind the rows of words are those of n-grams, if the file has any: a word without a row of its own has the mean
    of theirs.
    """

    def __init__(
        self,
        words: Sequence[str],
        size: int,
        matrix: NDArray[np.float32] | None = None,
        subwords: SavedSubwords | None = None,
        origin: Origin | None = None,
    ) -> None:
        """Store the words of rows 1, 2, ...; the matrix is needed until a model has copied it."""
        self.words, self.size, self.matrix, self.subwords, self._origin = list(words), size, matrix, subwords, origin
        self._number = {word: number for number, word in enumerate(self.words, start=1)}
        for number, word in enumerate(self.words, start=1):
            if not word.isascii():
                self._number.setdefault(composed(word), number)
        if subwords is not None:
            self._ngrams = Ngrams(subwords.shortest, subwords.longest, subwords.buckets)
            first = len(self.words) + 1
            self._bucket_row = {bucket: row for row, bucket in enumerate(subwords.kept, start=first)}

    @property
    def rows(self) -> int:
        """Rows of the matrix."""
        return 1 + len(self.words) + (len(self.subwords.kept) if self.subwords else 0)

    @property
    def origin(self) -> Origin | None:
        return self._origin

    @property
    def row_names(self) -> list[Hashable]:
        return [None, *self.words, *(self.subwords.kept if self.subwords else [])]

    @classmethod
    def fit(
        cls,
        file: VectorFile,
        max_words: int,
        train_words: Mapping[str, int],
        max_subwords: int = 0,
        origin: Origin | None = None,
    ) -> Self:
        """Copy the vectors of frequent words, and of those of train.

        Args:
            file: The file.
            max_words: Keep this many of the first, most frequent words.
            train_words: Words that are kept beyond those.
            max_subwords: Keep this many buckets of n-grams, the most frequent among the words that are kept.
            origin: Provenance of the file.

        Raises:
            seqnlp.errors.DataError: the file is damaged; with the line where it has lines.
        """
        looked_up = {*train_words, *map(str.lower, train_words), *UNKNOWN_WORDS}
        words, matrix = file.select(max_words, looked_up.__contains__)
        if not words:
            raise DataError("no vectors in it", file.path)
        known = {word: row for row, word in enumerate(words)}
        unknown = next(
            (matrix[known[word]] for word in UNKNOWN_WORDS if word in known), np.zeros(file.size, np.float32)
        )
        rows, kept = [unknown[None], matrix], None
        subwords = file.subwords() if max_subwords else None
        if subwords is not None:
            ngrams = subwords.ngrams
            counts = Counter(bucket for word in {*words, *train_words} for bucket in ngrams.of(word))
            most = sorted(counts, key=lambda bucket: (-counts[bucket], bucket))[:max_subwords]
            kept = SavedSubwords(
                shortest=ngrams.shortest, longest=ngrams.longest, buckets=ngrams.buckets, kept=sorted(most)
            )
            rows.append(np.ascontiguousarray(subwords.matrix[kept.kept], np.float32))
        return cls(words, file.size, np.concatenate(rows), kept, origin)

    def encode(self, words: Sequence[str]) -> NDArray[np.int64] | Ragged:
        """Row of each word; with n-grams a row of these for each word."""
        number = self._number
        found = (number.get(word) or number.get(word.lower(), UNKNOWN) for word in words)
        rows = np.fromiter(found, np.int64, len(words))
        if self.subwords is None:
            return rows
        return Ragged.from_rows(
            [
                [row] if row != UNKNOWN else self._of_ngrams(word) or [UNKNOWN]
                for row, word in zip(rows.tolist(), words, strict=True)
            ]
        )

    def _of_ngrams(self, word: str) -> list[int]:
        return [self._bucket_row[bucket] for bucket in self._ngrams.of(word) if bucket in self._bucket_row]

    def to_json(self) -> dict[str, Any]:
        """Words in order; the numbers are among the weights of the model."""
        saved: dict[str, Any] = {"words": self.words, "size": self.size}
        if self.subwords is not None:
            saved["subwords"] = self.subwords.model_dump()
        if self._origin is not None:
            saved["origin"] = self._origin.to_json()
        return saved

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Inverse of `to_json`, without the matrix."""
        saved = SavedVectors.read(data)
        origin = None if saved.origin is None else Origin.from_json(saved.origin)
        return cls(saved.words, saved.size, None, saved.subwords, origin)
