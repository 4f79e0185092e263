"""Contract of an embedding of text: batch -> (batch, time, width)."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqnlp.arrays import IntArray, Ragged
from seqnlp.codecs import EncodedText, TextCodec, TokenizedText, WordCodec
from seqnlp.codecs.text import IDS
from seqnlp.errors import error_context
from seqnlp.nn.device import TensorBatch
from seqnlp.nn.named_rows import NamedAxes
from seqnlp.shapes import Bool, Float, Int
from seqnlp.spec import Spec

RESERVED = ("columns", "dropout", "ngrams")
"""Names that are no sections of an embedding of one's own."""

PathResolver = Callable[[str], Path]
"""Looks a file of the project up."""


@dataclass(frozen=True)
class Features(TensorBatch):
    """Tensors of one embedding for a batch; see `seqnlp.codecs.TextFeatures`."""

    words: dict[str, Tensor]
    """A number or a padded row for each distinct word; shape (distinct,) or (distinct, longest)."""
    sentences: dict[str, Tensor]
    """A padded row for each sentence; shape (batch, longest), or (batch, time) for a number per word."""


@dataclass(frozen=True)
class TextBatch(TensorBatch):
    """A padded batch of sentences. What belongs to a word is there once for each distinct word in it."""

    index: Int[Tensor, "batch time"]
    """For each step the distinct word that stands there."""
    mask: Bool[Tensor, "batch time"]
    """True on real steps."""
    features: dict[str, Features]
    """By the name of the embedding."""

    @classmethod
    def gather(cls, text: EncodedText, rows: IntArray) -> "TextBatch":
        """Gather some sentences.

        Raises:
            seqnlp.errors.DataError: states of a frozen network are not finite.
        """
        codes, mask = text.codes.pad(rows)
        distinct, inverse = np.unique(codes[mask], return_inverse=True)
        index = np.zeros(codes.shape, np.int64)
        index[mask] = inverse
        features = {}
        for name, each in text.features.items():
            words = {key: torch.from_numpy(_rows(values, distinct)) for key, values in each.words.items()}
            with error_context(f"embedding.{name}"):  # states that are computed now
                sentences = {key: torch.from_numpy(values.pad(rows)[0]) for key, values in each.sentences.items()}
            features[name] = Features(words, sentences)
        return cls(torch.from_numpy(index), torch.from_numpy(mask), features)


def _rows(values: NDArray[np.int64] | Ragged, distinct: IntArray) -> NDArray[np.int64]:
    return values.pad(distinct)[0] if isinstance(values, Ragged) else values[distinct]


class Embedder(nn.Module, ABC):
    """Network of an embedding: gives each step of a batch a vector."""

    named_axes: ClassVar[NamedAxes] = {}
    """Axes of its parameters that its codec numbers."""

    width: int
    """Features of that vector."""

    @abstractmethod
    def forward(self, batch: TextBatch, features: Features) -> Float[Tensor, "batch time width"]:
        """Embed a batch of sentences, given the features of the embedding's codec."""


class WordEmbedder(Embedder):
    """Embedder of words without their sentences: each distinct word is computed once."""

    @abstractmethod
    def embed_words(self, ids: Int[Tensor, "distinct *longest"]) -> Float[Tensor, "distinct width"]:
        """Embed encoded words."""

    def forward(self, batch: TextBatch, features: Features) -> Float[Tensor, "batch time width"]:
        """Embed each distinct word once; look the vectors up at every step."""
        return nn.functional.embedding(batch.index, self.embed_words(features.words[IDS]))


class Embedding(Spec, ABC):
    """One part of a step's vector: a section under `[embedding]`. It makes its codec and builds its network.

    A subclass that sets `section` can be used in recipes from then on, also if a plugin defines it.
    """

    section: ClassVar[str]
    """Key of the section under `[embedding]`."""
    registry: ClassVar[dict[str, type[Spec]]] = {}
    """Embeddings by their sections."""
    joins_words: ClassVar[bool] = False
    """True if it reads sentences whose words are joined by blanks: other tokens than words make no sense to it."""

    @classmethod
    def __pydantic_init_subclass__(cls, **settings: Any) -> None:
        super().__pydantic_init_subclass__(**settings)
        if "section" in vars(cls):
            if cls.section in RESERVED:
                raise ValueError(f"{cls.__name__}: the section {cls.section!r} has another meaning already")
            Embedding.registry[cls.section] = cls

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the corpus that it reads beside the words."""
        return ()

    @abstractmethod
    def fit(self, train: TokenizedText, find: PathResolver) -> TextCodec:
        """Fit the codec on the sentences of train; `find` looks up files of the section."""

    @abstractmethod
    def restore(self, data: dict[str, Any]) -> TextCodec:
        """Restore the codec of a run."""

    @abstractmethod
    def build(self, codec: Any) -> Embedder:
        """Build the network for this codec, with random weights."""


class WordEmbedding(Embedding, ABC):
    """Embedding whose vectors depend on the word alone."""

    def fit(self, train: TokenizedText, find: PathResolver) -> WordCodec:
        return self.fit_words(train.words.counts(), find)

    @abstractmethod
    def fit_words(self, counts: Mapping[str, int], find: PathResolver) -> WordCodec:
        """Make the codec from the words of train and their counts."""

    @abstractmethod
    def build(self, codec: Any) -> WordEmbedder:
        """Build the network for words that this codec encoded; its weights are random."""
