"""`[embedding]` of a segmenter: characters, their Unicode categories, and the whitespace after them."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, final

import torch
from pydantic import Field
from torch import Tensor, nn

from seqnlp.nn.device import TensorBatch
from seqnlp.nn.dropout import Dropout, generator
from seqnlp.nn.named_rows import NamedAxes
from seqnlp.shapes import Bool, Float, Int
from seqnlp.spec import Spec

CATEGORIES = 30
"""General categories of Unicode."""
UNKNOWN = 0
"""Number of a character that train did not have."""


@dataclass(frozen=True)
class CharacterBatch(TensorBatch):
    """Padded batch of running text without its whitespace."""

    index: Int[Tensor, "batch time"]
    """Number of each character; 0: unknown."""
    category: Int[Tensor, "batch time"]
    """Number of its general category."""
    blank_after: Int[Tensor, "batch time"]
    """1 where whitespace follows."""
    mask: Bool[Tensor, "batch time"]
    """True on real steps."""


@final
class CharacterEmbedding(Spec):
    """Character embedding with a convolution.

    A character has a learned vector; its Unicode category, with a blank after it or without, another one. Their sum
    stands beside the answers of the convolution.
    """

    transferable = ("dropout", "char_dropout")

    size: Annotated[int, Field(ge=1)] = 32
    """Features of a character's vector."""
    filters: Annotated[int, Field(ge=0)] = 64
    """Filters of the convolution over neighbouring characters; 0: none."""
    kernel_size: Annotated[int, Field(ge=1)] = 5
    """Characters that a filter sees, an odd number."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.2
    """Share of features dropped, the same ones in all of a window."""
    char_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.05
    """Share of the characters that are taken for unknown while training."""

    def build(self, characters: int) -> "CharacterEmbedder":
        """Build the network for so many characters, the unknown one included."""
        return CharacterEmbedder(self, characters)


@final
class CharacterEmbedder(nn.Module):
    """Sum of three vectors, and beside it the answers of a convolution."""

    named_axes: ClassVar[NamedAxes] = {"characters.weight": (0,)}

    def __init__(self, spec: CharacterEmbedding, characters: int) -> None:
        super().__init__()
        self.width, self.char_dropout = spec.size + spec.filters, spec.char_dropout
        self.characters = nn.Embedding(characters, spec.size)
        self.categories = nn.Embedding(2 * CATEGORIES, spec.size)
        self.convolution = (
            nn.Conv1d(spec.size, spec.filters, spec.kernel_size, padding="same") if spec.filters else None
        )
        self.dropout = Dropout(spec.dropout)

    def forward(self, batch: CharacterBatch) -> Float[Tensor, "batch time width"]:
        """Embed characters in their neighbourhood; padded steps are zeros to it."""
        index = batch.index
        if self.training and self.char_dropout:
            drawn = torch.empty(index.shape, device=index.device)
            dropped = drawn.bernoulli_(self.char_dropout, generator=generator(index.device)).bool()
            index = index.masked_fill(dropped, UNKNOWN)
        own = self.characters(index) + self.categories(2 * batch.category + batch.blank_after)
        own = own * batch.mask[..., None]
        if self.convolution is not None:
            around = self.convolution(own.transpose(1, 2)).transpose(1, 2).relu()
            own = torch.cat([own, around], -1)
        return self.dropout(own)  # type: ignore[no-any-return]
