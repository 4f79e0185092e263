"""`[embedding]` for text: several views of a word, side by side."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, final

import torch
from pydantic import Field
from torch import Tensor, nn

from seqnlp.codecs import WordCodec
from seqnlp.codecs.text import TextArrays
from seqnlp.embeddings.base import PathResolver, View, WordModule
from seqnlp.embeddings.chars import Chars
from seqnlp.embeddings.subwords import SubwordPieces
from seqnlp.embeddings.vectors import Vectors
from seqnlp.embeddings.words import Words
from seqnlp.nn.device import TensorBatch
from seqnlp.nn.dropout import Dropout
from seqnlp.shapes import Bool, Float, Int
from seqnlp.spec import Spec


@dataclass(frozen=True)
class TextBatch(TensorBatch):
    """A padded batch of sentences as tensors; see `seqnlp.codecs.text.TextArrays`."""

    index: Int[Tensor, "batch time"]
    mask: Bool[Tensor, "batch time"]
    features: dict[str, Tensor]
    columns: dict[str, Tensor] = field(default_factory=dict)

    @classmethod
    def of(cls, arrays: TextArrays) -> "TextBatch":
        """Wrap gathered arrays, without a copy."""
        features = {name: torch.from_numpy(values) for name, values in arrays.features.items()}
        columns = {name: torch.from_numpy(values) for name, values in arrays.columns.items()}
        return cls(torch.from_numpy(arrays.index), torch.from_numpy(arrays.mask), features, columns)


class TextEmbedding(Spec):
    """The vector of a word: several views of it, side by side."""

    words: Words | None = None
    """A learned vector for each word of train."""
    chars: Chars | None = None
    """A vector from the characters of the word."""
    subwords: SubwordPieces | None = None
    """The mean of learned vectors of the word's pieces."""
    vectors: Vectors | None = None
    """Pretrained vectors from a file."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """Share of features dropped, the same ones in all of a sentence."""

    def views(self) -> dict[str, View]:
        """The sections that are there, by name."""
        sections = {
            "words": self.words,
            "chars": self.chars,
            "subwords": self.subwords,
            "vectors": self.vectors,
        }
        return {name: section for name, section in sections.items() if section is not None}

    def fit(self, counts: Mapping[str, int], find: PathResolver) -> dict[str, WordCodec]:
        """Make the codec of each view.

        Args:
            counts: The words of train, and how often each occurs.
            find: Looks up a file that a section names.
        """
        return {name: view.fit(counts, find) for name, view in self.views().items()}

    def restore(self, codecs: Mapping[str, Mapping[str, Any]]) -> dict[str, WordCodec]:
        """Take the codecs that a run has saved."""
        return {name: view.restore(dict(codecs[name])) for name, view in self.views().items()}

    def build(self, codecs: Mapping[str, WordCodec]) -> "TextEmbedder":
        """Make the networks of all views."""
        views = {name: view.build(codecs[name]) for name, view in self.views().items()}
        return TextEmbedder(views, self.dropout)


@final
class TextEmbedder(nn.Module):
    """Embeds the distinct words of a batch once, then hands every step its word's vector."""

    def __init__(
        self, views: dict[str, WordModule], dropout: float, columns: Mapping[str, WordModule] | None = None
    ) -> None:
        """Take the parts.

        Args:
            views: What is made of a word, by name.
            dropout: Share of features dropped.
            columns: What is made of the columns that are given beside the words, by name.
        """
        super().__init__()
        self.views = nn.ModuleDict(views)
        tables = dict(columns or {})
        self.columns = list(tables)
        self.tables = nn.ModuleList(tables.values())  # a ModuleDict would refuse names such as "type"
        self.width = sum(view.width for view in (*views.values(), *tables.values()))
        self.dropout = Dropout(dropout)

    def forward(self, batch: TextBatch) -> Float[Tensor, "batch time width"]:
        """Embed a batch of sentences."""
        parts = []
        if self.views:
            words = torch.cat([view(batch.features[name]) for name, view in self.views.items()], 1)
            parts.append(nn.functional.embedding(batch.index, words))
        for name, table in zip(self.columns, self.tables, strict=True):
            parts.append(table(batch.columns[name].flatten()).unflatten(0, batch.index.shape))
        return self.dropout(torch.cat(parts, -1) if len(parts) > 1 else parts[0])  # type: ignore[no-any-return]
