"""Vectors of columns that the corpus gives beside the words: part-of-speech tags, for instance."""

from typing import Any, final

from torch import Tensor

from seqnlp.codecs import ColumnVocabulary, TokenizedText, Vocabulary
from seqnlp.codecs.saved import check_settings
from seqnlp.codecs.text import IDS
from seqnlp.embeddings.base import Embedder, Embedding, Features, PathResolver, TextBatch
from seqnlp.embeddings.words import WordLookup, Words
from seqnlp.shapes import Float


@final
class ColumnEmbedding(Embedding):
    """One learned vector for each value of a column."""

    column: str
    """Column."""
    table: Words
    """Settings of the vectors."""

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.column,)

    def fit(self, train: TokenizedText, find: PathResolver) -> ColumnVocabulary:
        counts = train.columns[self.column].counts()
        return ColumnVocabulary(self.column, Vocabulary.fit(counts, self.table.min_count, self.table.lowercase))

    def restore(self, data: dict[str, Any]) -> ColumnVocabulary:
        codec = ColumnVocabulary.from_json(data)
        check_settings(data, data, {"column": self.column})
        check_settings(data, data["values"], {"lowercase": self.table.lowercase})
        return codec

    def build(self, codec: ColumnVocabulary) -> "ColumnLookup":
        return ColumnLookup(self.table.build(codec.values))


@final
class ColumnLookup(Embedder):
    """A table of vectors, looked up at each step."""

    named_axes = {"table.table.weight": (0,)}

    def __init__(self, table: WordLookup) -> None:
        super().__init__()
        self.width, self.table = table.width, table

    def forward(self, batch: TextBatch, features: Features) -> Float[Tensor, "batch time width"]:
        ids = features.sentences[IDS]
        return self.table.embed_words(ids.flatten()).view(*ids.shape, self.width)
