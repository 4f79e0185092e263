"""States of language models at source tokens, beside the tokens' vectors."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqnlp.arrays import IntArray, LazyRows, Ragged
from seqnlp.codecs.sentences import PADDING, Sentences
from seqnlp.embeddings import TokenBatch, TokenLookup
from seqnlp.errors import error_context
from seqnlp.json_text import to_json
from seqnlp.nn.device import TensorBatch
from seqnlp.nn.dropout import Dropout
from seqnlp.shapes import Bool, Float, Int
from seqnlp.tasks.kept_states import keep_rows
from seqnlp.tasks.lm.embedding import ContextCodec, StateProjection
from seqnlp.tasks.lm.word_states import Spans, SpanStates

SourceStates = Mapping[str, Ragged | LazyRows]
"""States at the tokens of each source, by the direction of the language model; empty without any."""


@dataclass(frozen=True)
class SourceBatch(TensorBatch):
    """Padded batch of sources with the states at their tokens."""

    tokens: TokenBatch
    states: dict[str, Tensor]
    """By direction; shape (batch, time, features)."""

    @property
    def mask(self) -> Bool[Tensor, "batch time"]:
        """True on real steps."""
        return self.tokens.mask

    @property
    def index(self) -> Int[Tensor, "batch time"]:
        """Number of each token."""
        return self.tokens.index


def gather_sources(encoded: Ragged, rows: IntArray, states: SourceStates) -> TokenBatch | SourceBatch:
    """Gather encoded sentences, padded to the longest; states beside them, if any."""
    index, mask = encoded.pad(rows, PADDING)
    tokens = TokenBatch(torch.from_numpy(index).long(), torch.from_numpy(mask))
    if not states:
        return tokens
    with error_context("source_context"):
        return SourceBatch(tokens, {name: torch.from_numpy(values.pad(rows)[0]) for name, values in states.items()})


def source_states(
    context: ContextCodec | None, source: Sentences, texts: Sequence[str], offsets: NDArray[np.int64]
) -> dict[str, LazyRows]:
    """States at the tokens of sentences, computed when they are gathered; none without language models.

    Args:
        context: The language models.
        source: Codec of the sentences.
        texts: The sentences.
        offsets: Number of tokens that are read before each sentence, and of all; shape (sentences + 1,).
    """
    if context is None:
        return {}
    digest = hashlib.sha256(to_json([source.to_json(), list(texts)]).encode("utf-8", "surrogatepass")).digest()

    def sentence(row: int) -> Spans:
        return token_spans(source, texts[row], int(offsets[row + 1] - offsets[row]))

    return {name: SpanStates(model, offsets, digest, sentence) for name, model in context.models.items()}


def token_spans(source: Sentences, text: str, number: int) -> Spans:
    """Cleaned sentence with the bytes of its first tokens, blanks left out."""
    cleaned, pieces = source.clean(text), source.split(text)
    ends = np.cumsum([len(piece) for piece in pieces])
    starts = ends - [len(piece.removeprefix(b" ")) or 1 for piece in pieces]
    before = int(ends[-1]) - len(cleaned.encode("utf-8", "surrogatepass"))  # the blank before the first word
    return Spans(cleaned, np.maximum(starts - before, 0)[:number], (ends - before)[:number])


def keep_source_states(states: Mapping[str, LazyRows]) -> SourceStates:
    """Replace the states of a corpus by memory-mapped ones of the cache."""
    return {name: keep_rows(f"source_context.{name}", rows) for name, rows in states.items()}


@final
class ContextLookup(nn.Module):
    """Vector of each token, and a projection of the states there."""

    def __init__(self, tokens: TokenLookup, context: StateProjection, dropout: float) -> None:
        """Store the parts; the projection has the dropout of the vectors."""
        super().__init__()
        self.tokens, self.context, self.dropout = tokens, context, Dropout(dropout)
        self.width = tokens.width + context.width

    @property
    def table(self) -> nn.Embedding:
        """Table of the tokens' vectors."""
        return self.tokens.table

    def forward(self, batch: SourceBatch) -> Float[Tensor, "batch time width"]:
        """Look tokens up; add what is around them."""
        return torch.cat([self.tokens(batch.tokens), self.dropout(self.context.project(batch.states))], -1)
