"""Pretrained vectors of words."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, final

import torch
from pydantic import Field
from torch import Tensor, nn

from seqnlp.codecs.vectors import WordVectors
from seqnlp.embeddings.base import PathResolver, WordEmbedder, WordEmbedding
from seqnlp.shapes import Float, Int


@final
class Vectors(WordEmbedding):
    """Pretrained word vectors from a text file (GloVe, word2vec, fastText)."""

    section: ClassVar[str] = "vectors"
    renamed = {"most": "max_words", "tune": "trainable"}

    file: str
    """Path of the file."""
    max_words: Annotated[int, Field(ge=1)] = 100_000
    """Words to keep from the start of the file; words of train are kept beyond that too."""
    trainable: bool = False
    """Train the vectors too; else they are frozen."""

    def named_files(self) -> dict[str, str]:
        return {"file": self.file}

    def fit_words(self, counts: Mapping[str, int], find: PathResolver) -> WordVectors:
        return WordVectors.read(find(self.file), self.max_words, counts)

    def restore(self, data: dict[str, Any]) -> WordVectors:
        """Restore the words; their vectors are among the weights of the model."""
        return WordVectors.from_json(data)

    def build(self, codec: WordVectors) -> "VectorLookup":
        return VectorLookup(len(codec.words) + 1, codec.size, codec.matrix, self.trainable)


@final
class VectorLookup(WordEmbedder):
    """A table of given vectors."""

    def __init__(self, rows: int, size: int, matrix: Any, trainable: bool) -> None:
        super().__init__()
        self.width = size
        self.table = nn.Embedding(rows, size)
        self.table.weight.requires_grad_(trainable)
        if matrix is not None:
            self.table.weight.data.copy_(torch.from_numpy(matrix))

    def embed_words(self, ids: Int[Tensor, " distinct"]) -> Float[Tensor, "distinct width"]:
        return self.table(ids)  # type: ignore[no-any-return]
