"""The contract of a codec: raw text on one side, integers on the other, fitted once and saved as JSON."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from seqnlp.arrays import Ragged


class Codec(ABC):
    """Knows how to be saved; what it encodes is up to the kind of codec."""

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """All that `from_json` needs to make an equal codec."""

    @classmethod
    @abstractmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Rebuild a saved codec."""


class WordCodec(Codec):
    """Encodes words one by one, whatever sentence they stand in: a vocabulary, characters, affixes."""

    @abstractmethod
    def encode(self, words: Sequence[str]) -> NDArray[np.int64] | Ragged:
        """One integer a word, or one row of integers a word."""
