"""Token vectors: `[embedding]` of a language model or a translation, `[embedding.tokens]` of a classifier."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, final

import torch
from pydantic import Field
from torch import Tensor, nn

from seqnlp.codecs import TokenizedText
from seqnlp.codecs.tokens import NumberedTokens
from seqnlp.embeddings.base import Embedding, PathResolver, WordEmbedder
from seqnlp.nn.device import TensorBatch
from seqnlp.nn.dropout import Dropout, generator
from seqnlp.nn.initial import lookup_table
from seqnlp.nn.named_rows import NamedAxes
from seqnlp.shapes import Bool, Float, Int
from seqnlp.spec import Spec


@dataclass(frozen=True)
class TokenBatch(TensorBatch):
    """Padded batch of token sequences."""

    index: Int[Tensor, "batch time"]
    real: Bool[Tensor, "batch time"] | None = None
    """True on real steps; None if all are real."""

    @property
    def mask(self) -> Bool[Tensor, "batch time"]:
        """True on real steps."""
        return torch.ones_like(self.index, dtype=torch.bool) if self.real is None else self.real


@final
class TokenEmbedding(Spec):
    """One learned vector per token."""

    transferable = ("dropout", "token_dropout")

    size: Annotated[int, Field(ge=1)] = 128
    """Features of the vector."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of features dropped, the same ones in all of a window."""
    token_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the vocabulary whose vectors are zero for a whole batch (Gal and Ghahramani, 2016)."""

    def build(self, tokens: int) -> "TokenLookup":
        """Make the table."""
        return TokenLookup(tokens, self.size, self.dropout, self.token_dropout)


@final
class TokenLookup(nn.Module):
    """A table of vectors."""

    named_axes: ClassVar[NamedAxes] = {"table.weight": (0,)}

    def __init__(self, tokens: int, size: int, dropout: float = 0.0, token_dropout: float = 0.0) -> None:
        super().__init__()
        self.width, self.token_dropout = size, token_dropout
        self.table = lookup_table(tokens, size, 0.1)
        self.dropout = Dropout(dropout)

    def forward(self, batch: TokenBatch) -> Float[Tensor, "batch time width"]:
        """Look tokens up."""
        weight = self.table.weight
        if self.training and self.token_dropout:
            kept = 1 - self.token_dropout
            drawn = weight.new_empty(len(weight), 1).bernoulli_(kept, generator=generator(weight.device))
            weight = weight * drawn.div_(kept)
        steps = nn.functional.embedding(batch.index, weight)
        return self.dropout(steps)  # type: ignore[no-any-return]


@final
class Tokens(Embedding):
    """One learned vector for each token of `data.tokenizer`."""

    transferable = ("token_dropout",)

    section: ClassVar[str] = "tokens"

    size: Annotated[int, Field(ge=1)] = 128
    """Features of the vector."""
    token_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the vocabulary whose vectors are zero for a whole batch (Gal and Ghahramani, 2016)."""

    def fit(self, train: TokenizedText, find: PathResolver) -> NumberedTokens:
        return NumberedTokens(len(train.words.distinct))

    def restore(self, data: dict[str, Any]) -> NumberedTokens:
        return NumberedTokens.from_json(data)

    def build(self, codec: NumberedTokens) -> "TokenTable":
        return TokenTable(len(codec), self.size, self.token_dropout)


@final
class TokenTable(WordEmbedder):
    """A table of vectors; each distinct token of a batch is looked up once."""

    named_axes = {"table.weight": (0,)}

    def __init__(self, tokens: int, size: int, token_dropout: float = 0.0) -> None:
        super().__init__()
        self.width, self.token_dropout = size, token_dropout
        self.table = lookup_table(tokens, size, 0.1)

    def embed_words(self, ids: Int[Tensor, " distinct"]) -> Float[Tensor, "distinct width"]:
        vectors = self.table(ids)
        if self.training and self.token_dropout:
            kept = 1 - self.token_dropout
            drawn = vectors.new_empty(len(ids), 1).bernoulli_(kept, generator=generator(vectors.device))
            vectors = vectors * drawn.div_(kept)
        return vectors  # type: ignore[no-any-return]
