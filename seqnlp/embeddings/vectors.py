"""Pretrained vectors of words."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, final

import torch
from pydantic import Field
from torch import Tensor

from seqnlp.codecs.text import Origin
from seqnlp.codecs.vector_files import open_vectors
from seqnlp.codecs.vector_packages import find_package
from seqnlp.codecs.vectors import WordVectors
from seqnlp.embeddings.base import PathResolver, WordEmbedder, WordEmbedding
from seqnlp.nn.initial import lookup_table
from seqnlp.shapes import Float, Int


@final
class Vectors(WordEmbedding):
    """Pretrained word vectors (GloVe, word2vec, fastText) from a file or an installed package."""

    transferable = ("file", "package", "words", "max_words", "max_subwords", "trainable")

    section: ClassVar[str] = "vectors"
    bare = ("file", "the path of the file")
    renamed = {"most": "max_words", "tune": "trainable"}
    one_of = ("file", "package")

    file: str | None = None
    """Path of the file: text, a binary of word2vec or fastText, `.npy`, or `.safetensors`."""
    package: str | None = None
    """Installed package that carries vectors, in place of a file."""
    words: str | None = None
    """List of the words of a `.npy` or `.safetensors` file: a word a line, a JSON list, or parquet."""
    max_words: Annotated[int, Field(ge=1)] = 100_000
    """Words to keep from the start of the file; words of train are kept beyond that too."""
    max_subwords: Annotated[int, Field(ge=0)] = 50_000
    """Buckets of character n-grams to keep of a fastText binary, for words without a vector of their own."""
    trainable: bool = False
    """Train the vectors too; else they are frozen."""

    def unused(self) -> Iterator[tuple[str, str]]:
        if self.words is not None and self.package is not None:
            yield "words", "a package brings its own list of words"
        if self.file is not None and not self.file.endswith(".bin"):
            for name in self.changed("max_subwords"):
                yield name, "only the binaries of fastText (.bin) have n-grams"

    def named_files(self) -> dict[str, str]:
        files = {"file": self.file, "words": self.words}
        return {key: file for key, file in files.items() if file is not None}

    def fit_words(self, counts: Mapping[str, int], find: PathResolver) -> WordVectors:
        words = None if self.words is None else find(self.words)
        if self.package is not None:
            path, name, license = find_package(self.package)
        else:
            assert self.file is not None
            path, name, license = find(self.file), Path(self.file).name, ""
        file = open_vectors(path, words)
        with path.open("rb") as content:
            origin = Origin(name, hashlib.file_digest(content, "sha256").hexdigest(), license)
        return WordVectors.fit(file, self.max_words, counts, self.max_subwords, origin)

    def restore(self, data: dict[str, Any]) -> WordVectors:
        """Restore the words; their vectors are among the weights of the model."""
        return WordVectors.from_json(data)

    def build(self, codec: WordVectors) -> "VectorLookup":
        return VectorLookup(codec.rows, codec.size, codec.matrix, self.trainable)


@final
class VectorLookup(WordEmbedder):
    """A table of given vectors; of a word with several rows their mean."""

    named_axes = {"table.weight": (0,)}

    def __init__(self, rows: int, size: int, matrix: Any, trainable: bool) -> None:
        super().__init__()
        self.width = size
        self.table = lookup_table(rows, size)
        self.table.weight.requires_grad_(trainable)
        if matrix is not None:
            self.table.weight.data.copy_(torch.from_numpy(matrix))

    def embed_words(self, ids: Int[Tensor, "distinct *longest"]) -> Float[Tensor, "distinct width"]:
        if ids.ndim == 1:
            return self.table(ids)  # type: ignore[no-any-return]
        given = (ids > 0).to(self.table.weight.dtype)  # row 0 pads, but stands for a word that has no other row
        given[:, 0] = 1
        return torch.einsum("nlw,nl->nw", self.table(ids), given) / given.sum(1, keepdim=True)
