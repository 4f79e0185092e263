"""Pretrained vectors read from text: GloVe, word2vec and fastText."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Self, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from seqnlp.codecs.saved import SavedCodec
from seqnlp.codecs.text import WordCodec, composed
from seqnlp.errors import DataError
from seqnlp.json_types import LARGEST

UNKNOWN = 0


class SavedVectors(SavedCodec):
    """JSON of the words that have vectors; a file of vectors may name one twice."""

    words: Annotated[list[str], Field(min_length=1)]
    size: Annotated[int, Field(ge=1, le=LARGEST)]


@final
class WordVectors(WordCodec):
    """Word <-> row of a matrix; row 0 is for words without a vector. Words are also tried in lower case."""

    def __init__(self, words: Sequence[str], size: int, matrix: NDArray[np.float32] | None = None) -> None:
        """Store the words of rows 1, 2, ...; the matrix is needed until a model has copied it."""
        self.words, self.size, self.matrix = list(words), size, matrix
        self._number = {word: number for number, word in enumerate(self.words, start=1)}
        for number, word in enumerate(self.words, start=1):
            self._number.setdefault(composed(word), number)

    @classmethod
    def read(cls, path: Path, max_words: int, train_words: Mapping[str, int]) -> Self:
        """Read a file of vectors: a word and its numbers a line, with or without a header of two numbers.

        Args:
            path: The file.
            max_words: Keep this many of the first, most frequent words.
            train_words: Words that are kept beyond those.

        Raises:
            seqnlp.errors.DataError: with the line that is not a word and as many numbers as the others.
        """
        looked_up = {*train_words, *map(str.lower, train_words)}
        words: list[str] = []
        rows: list[NDArray[np.float32]] = []
        size = 0
        for line, parts in _rows(path):
            size = size or len(parts) - 1
            if not 0 < size < len(parts):
                expected = f"expected {size or 'some'} numbers after the word {parts[0][:40]!r}"
                raise DataError(f"{expected}, found {len(parts) - 1}", path, line)
            word, numbers = composed(" ".join(parts[:-size])), parts[-size:]  # a few words of GloVe hold blanks
            if len(words) < max_words or word in looked_up:
                try:
                    rows.append(np.array(numbers, np.float32))
                except ValueError:
                    raise DataError(f"not a number after the word {word[:40]!r}", path, line) from None
                if not np.isfinite(rows[-1]).all():
                    raise DataError(f"an infinite number, or none, after the word {word[:40]!r}", path, line)
                words.append(word)
        if not words:
            raise DataError("no vectors in it", path)
        return cls(words, size, np.stack([np.zeros(size, np.float32), *rows]))

    def encode(self, words: Sequence[str]) -> NDArray[np.int64]:
        """Row of each word; shape (words,)."""
        number = self._number
        found = (number.get(word) or number.get(word.lower(), UNKNOWN) for word in words)
        return np.fromiter(found, np.int64, len(words))

    def to_json(self) -> dict[str, Any]:
        """Words in order; the numbers are among the weights of the model."""
        return {"words": self.words, "size": self.size}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Inverse of `to_json`, without the matrix."""
        saved = SavedVectors.read(data)
        return cls(saved.words, saved.size)


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        with path.open(encoding="utf-8", errors="replace", newline="\n") as lines:
            for number, line in enumerate(lines, start=1):
                parts = line.rstrip().split(" ")
                header = number == 1 and len(parts) == 2 and parts[0].isdigit()
                if not header and line.strip():
                    yield number, parts
    except OSError as error:
        raise DataError(error.strerror or str(error), path) from None
