"""A vector for every word of the vocabulary."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, final

import torch
from pydantic import Field
from torch import Tensor

from seqnlp.codecs import Vocabulary
from seqnlp.codecs.saved import check_settings
from seqnlp.codecs.vocabulary import UNKNOWN
from seqnlp.embeddings.base import PathResolver, WordEmbedder, WordEmbedding
from seqnlp.nn.dropout import generator
from seqnlp.nn.initial import lookup_table
from seqnlp.shapes import Float, Int


@final
class Words(WordEmbedding):
    """Learned word vectors; rare words share that of the unknown word."""

    transferable = ("min_count", "word_dropout")

    section: ClassVar[str] = "words"
    renamed = {"dropout": "word_dropout"}

    size: Annotated[int, Field(ge=1)] = 128
    """Features of the vector."""
    min_count: Annotated[int, Field(ge=1)] = 1
    """Occurrences in train that a word needs to get a vector of its own."""
    lowercase: bool = False
    """Lowercase words."""
    word_dropout: Annotated[float, Field(ge=0)] = 0.25
    """Replaces a word of count n by the unknown one with probability word_dropout / (word_dropout + n)."""

    def fit_words(self, counts: Mapping[str, int], find: PathResolver) -> Vocabulary:
        return Vocabulary.fit(counts, self.min_count, self.lowercase)

    def restore(self, data: dict[str, Any]) -> Vocabulary:
        codec = Vocabulary.from_json(data)
        check_settings(data, data, {"lowercase": self.lowercase})
        return codec

    def build(self, codec: Vocabulary) -> "WordLookup":
        return WordLookup(torch.from_numpy(codec.counts), self.size, self.word_dropout)


@final
class WordLookup(WordEmbedder):
    """A table of vectors, with word dropout by frequency (Kiperwasser and Goldberg, 2016)."""

    named_axes = {"table.weight": (0,)}

    def __init__(self, counts: Int[Tensor, " words"], size: int, dropout: float) -> None:
        super().__init__()
        self.width = size
        self.table = lookup_table(len(counts), size, (3 / size) ** 0.5)
        self.register_buffer("_dropped", dropout / (dropout + counts.clamp(min=1)), persistent=False)
        self._dropped: Tensor

    def embed_words(self, ids: Int[Tensor, " distinct"]) -> Float[Tensor, "distinct width"]:
        if self.training:
            drawn = torch.rand(ids.shape, generator=generator(ids.device), device=ids.device)
            ids = ids.masked_fill(drawn < self._dropped[ids], UNKNOWN)
        return self.table(ids)  # type: ignore[no-any-return]
