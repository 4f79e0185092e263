"""Embeddings turn encoded words into vectors."""

from seqnlp.embeddings.base import PathResolver, View, WordModule
from seqnlp.embeddings.chars import CharCnn, CharLstm, Chars
from seqnlp.embeddings.columns import ColumnsEmbedding
from seqnlp.embeddings.ngrams import NGramVotes
from seqnlp.embeddings.series import SeriesBatch, SeriesEmbedding
from seqnlp.embeddings.subwords import SubwordPieces
from seqnlp.embeddings.text import TextBatch, TextEmbedder, TextEmbedding
from seqnlp.embeddings.tokens import TokenBatch, TokenEmbedding, TokenLookup
from seqnlp.embeddings.vectors import Vectors
from seqnlp.embeddings.words import Words

__all__ = [
    "CharCnn",
    "CharLstm",
    "Chars",
    "ColumnsEmbedding",
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
    "Vectors",
    "View",
    "WordModule",
    "Words",
]
