"""Embeddings turn encoded text, tokens and series into vectors."""

from seqnlp.embeddings.base import Embedder, Embedding, Features, PathResolver, TextBatch, WordEmbedder, WordEmbedding

# The sections of `[embedding]`; in this order their features stand in the vector of a step.
# isort: off
from seqnlp.embeddings.words import Words
from seqnlp.embeddings.chars import CharCnn, CharLstm, Chars
from seqnlp.embeddings.subwords import SubwordPieces
from seqnlp.embeddings.vectors import Vectors
from seqnlp.embeddings.tokens import TokenBatch, TokenEmbedding, TokenLookup, Tokens
from seqnlp.embeddings.transformer import Transformer
# isort: on

from seqnlp.embeddings.columns import ColumnEmbedding
from seqnlp.embeddings.ngrams import NGramVotes
from seqnlp.embeddings.series import SeriesBatch, SeriesEmbedding
from seqnlp.embeddings.text import TextEmbedder, TextEmbedding

__all__ = [
    "CharCnn",
    "CharLstm",
    "Chars",
    "ColumnEmbedding",
    "Embedder",
    "Embedding",
    "Features",
    "NGramVotes",
    "PathResolver",
    "SeriesBatch",
    "SeriesEmbedding",
    "SubwordPieces",
    "TextBatch",
    "TextEmbedder",
    "TextEmbedding",
    "TokenBatch",
    "TokenEmbedding",
    "TokenLookup",
    "Tokens",
    "Transformer",
    "Vectors",
    "WordEmbedder",
    "WordEmbedding",
    "Words",
]
