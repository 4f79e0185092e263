"""`[embedding]` where the corpus gives more than words: part-of-speech tags, for instance, as input."""

from collections.abc import Mapping
from typing import Any, final

from seqnlp.codecs import Vocabulary, WordCodec
from seqnlp.embeddings.text import TextEmbedder, TextEmbedding
from seqnlp.embeddings.words import Words


@final
class ColumnsEmbedding(TextEmbedding):
    """The vector of a step: several views of its word, and of columns that are given beside the words."""

    columns: dict[str, Words] = {}
    """A learned vector for each value of a column, by the name of the column; who tags a text must then give it."""

    def fit_columns(self, counts: Mapping[str, Mapping[str, int]]) -> dict[str, Vocabulary]:
        """Number the values of each column, from how often each occurs in train."""
        return {
            name: Vocabulary.fit(counts[name], section.min_count, section.lowercase)
            for name, section in self.columns.items()
        }

    def restore_columns(self, codecs: Mapping[str, Mapping[str, Any]]) -> dict[str, Vocabulary]:
        """Take the codecs that a run has saved as `columns.<name>`."""
        return {name: Vocabulary.from_json(dict(codecs[f"columns.{name}"])) for name in self.columns}

    def build_with(self, codecs: Mapping[str, WordCodec], columns: Mapping[str, Vocabulary]) -> TextEmbedder:
        """Make the networks of all views and columns."""
        views = {name: view.build(codecs[name]) for name, view in self.views().items()}
        tables = {name: section.build(columns[name]) for name, section in self.columns.items()}
        return TextEmbedder(views, self.dropout, tables)
