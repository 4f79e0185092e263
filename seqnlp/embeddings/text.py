"""`[embedding]` of text: several embeddings, concatenated."""

from collections.abc import Mapping
from typing import Annotated, Any, final

import torch
from pydantic import Field
from torch import Tensor, nn

from seqnlp.codecs import TextCodec, TokenizedText
from seqnlp.codecs.text import IDS
from seqnlp.embeddings.base import Embedder, Embedding, PathResolver, TextBatch, WordEmbedder
from seqnlp.embeddings.columns import ColumnEmbedding
from seqnlp.embeddings.words import Words
from seqnlp.nn.dropout import Dropout
from seqnlp.shapes import Float
from seqnlp.spec import Parts, Spec


class TextEmbedding(Parts):
    """Concatenation of embeddings of the words in their sentences."""

    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """Share of features dropped, the same ones in all of a sentence."""
    columns: dict[str, Words] = {}
    """A learned vector for each value of a column; it must be given with a text to be tagged."""

    @classmethod
    def registered(cls) -> Mapping[str, type[Spec]]:
        """All sections that an embedding has claimed."""
        return Embedding.registry

    @property
    def parts(self) -> dict[str, Embedding]:
        """Embeddings by name; that of a column is `columns.<its name>`."""
        own: dict[str, Embedding] = {name: part for name, part in self if isinstance(part, Embedding)}
        given = {f"columns.{name}": ColumnEmbedding(column=name, table=table) for name, table in self.columns.items()}
        return {**own, **given}

    @property
    def given_columns(self) -> dict[str, str]:
        """Columns that are read beside the words, each with its part."""
        return {column: name for name, part in self.parts.items() for column in part.columns}

    def named_files(self) -> dict[str, str]:
        return {f"{name}.{key}": file for name, part in self.parts.items() for key, file in part.named_files().items()}

    def fit(self, train: TokenizedText, find: PathResolver) -> dict[str, TextCodec]:
        """Fit the codec of each part on train, in composed form (NFC)."""
        train = train.composed()
        return {name: part.fit(train, find) for name, part in self.parts.items()}

    def restore(self, codecs: Mapping[str, dict[str, Any]]) -> dict[str, TextCodec]:
        """Restore the codecs of a run."""
        return {name: part.restore(codecs[codec_name(name)]) for name, part in self.parts.items()}

    def build(self, codecs: Mapping[str, TextCodec]) -> "TextEmbedder":
        """Make the networks of all parts."""
        return TextEmbedder({name: part.build(codecs[name]) for name, part in self.parts.items()}, self.dropout)


def codec_name(part: str) -> str:
    """Name under which a run saves the codec of a part."""
    return f"embedding.{part}"


@final
class TextEmbedder(nn.Module):
    """Concatenated embedders, with dropout. The distinct words of a batch are embedded once."""

    def __init__(self, parts: Mapping[str, Embedder], dropout: float) -> None:
        """Store the embedders by name, and the dropout probability of features."""
        super().__init__()
        self.names = list(parts)
        self.parts = nn.ModuleList(parts.values())  # a ModuleDict would refuse names such as "type"
        self.width = sum(part.width for part in parts.values())
        self.dropout = Dropout(dropout)

    def forward(self, batch: TextBatch) -> Float[Tensor, "batch time width"]:
        """Embed a batch of sentences; the features of words come first."""
        words, steps = [], []
        for name, part in zip(self.names, self.parts, strict=True):
            features = batch.features[name]
            if isinstance(part, WordEmbedder):
                words.append(part.embed_words(features.words[IDS]))
            else:
                steps.append(part(batch, features))
        if words:  # a single look-up
            steps.insert(0, nn.functional.embedding(batch.index, torch.cat(words, 1)))
        return self.dropout(torch.cat(steps, -1) if len(steps) > 1 else steps[0])  # type: ignore[no-any-return]
