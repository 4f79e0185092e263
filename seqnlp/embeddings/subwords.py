"""Vectors of words from their pieces."""

from collections.abc import Mapping
from itertools import chain, repeat
from typing import Annotated, Any, ClassVar, Literal, final

from pydantic import Field
from torch import Tensor, nn

from seqnlp.codecs.subwords import PADDING, Subwords
from seqnlp.embeddings.base import PathResolver, WordEmbedder, WordEmbedding
from seqnlp.shapes import Float, Int


@final
class SubwordPieces(WordEmbedding):
    """Mean of learned vectors of the word's subwords (after Bojanowski et al., 2017)."""

    transferable = ("vocab_size", "model")

    section: ClassVar[str] = "subwords"
    renamed = {"pieces": "vocab_size"}

    size: Annotated[int, Field(ge=1)] = 64
    """Features of the vector."""
    vocab_size: Annotated[int, Field(ge=300)] = 2000
    """Pieces to learn from the words of train."""
    model: Literal["bpe", "unigram"] = "bpe"
    """Model of the pieces: byte-pair encoding, or unigram."""

    def fit_words(self, counts: Mapping[str, int], find: PathResolver) -> Subwords:
        words = chain.from_iterable(repeat(word, count) for word, count in counts.items())
        return Subwords.fit(words, self.vocab_size, self.model)

    def restore(self, data: dict[str, Any]) -> Subwords:
        return Subwords.from_json(data)

    def build(self, codec: Subwords) -> "PieceMean":
        return PieceMean(len(codec), self.size)


@final
class PieceMean(WordEmbedder):
    """A table of pieces, averaged over the word."""

    named_axes = {"table.weight": (0,)}

    def __init__(self, pieces: int, size: int) -> None:
        super().__init__()
        self.width = size
        self.table = nn.Embedding(pieces, size, padding_idx=PADDING)
        nn.init.uniform_(self.table.weight, -((3 / size) ** 0.5), (3 / size) ** 0.5)
        nn.init.zeros_(self.table.weight.detach()[PADDING])

    def embed_words(self, ids: Int[Tensor, "distinct longest"]) -> Float[Tensor, "distinct width"]:
        counts = (ids != PADDING).sum(1, keepdim=True).clamp(min=1)
        return self.table(ids).sum(1) / counts  # type: ignore[no-any-return]
