"""Codecs of tokenized sentences, one for each embedding."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from seqnlp.arrays import Ragged
from seqnlp.codecs.base import Codec
from seqnlp.codecs.columns import Column

IDS = "ids"
"""Name of an array where a codec makes only one."""


@dataclass(frozen=True)
class TokenizedText:
    """Sentences as words, with columns that the corpus gives beside them."""

    words: Column
    columns: Mapping[str, Column] = field(default_factory=dict)
    """By name; one string for each word."""


@dataclass(frozen=True)
class TextFeatures:
    """Arrays for one embedding, by names that its codec chooses."""

    words: dict[str, NDArray[np.int64] | Ragged] = field(default_factory=dict)
    """One number or one row for each distinct word."""
    sentences: dict[str, Ragged] = field(default_factory=dict)
    """One row of any length for each sentence: numbers of words, characters, subwords, ..."""


class TextCodec(Codec):
    """Encodes sentences for one embedding."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that are read beside the words."""
        return ()

    @abstractmethod
    def features(self, text: TokenizedText) -> TextFeatures:
        """Encode sentences."""


class WordCodec(TextCodec):
    """Encodes words one by one, without their sentence: a vocabulary, characters, affixes."""

    @abstractmethod
    def encode(self, words: Sequence[str]) -> NDArray[np.int64] | Ragged:
        """One integer per word, or one row of integers per word."""

    def features(self, text: TokenizedText) -> TextFeatures:
        """Encode every distinct word once."""
        return TextFeatures(words={IDS: self.encode(text.words.distinct)})


@dataclass(frozen=True)
class EncodedText:
    """Sentences with the features of each embedding by its name."""

    words: Column
    features: dict[str, TextFeatures]

    @classmethod
    def encode(cls, text: TokenizedText, codecs: Mapping[str, TextCodec]) -> "EncodedText":
        """Encode sentences with the codec of each embedding."""
        return cls(text.words, {name: codec.features(text) for name, codec in codecs.items()})

    @property
    def codes(self) -> Ragged:
        """Index of each word among the distinct ones, one row per sentence."""
        return self.words.codes
