"""The contract of an embedding of words."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from seqnlp.codecs import WordCodec
from seqnlp.shapes import Float, Int
from seqnlp.spec import Spec

PathResolver = Callable[[str], Path]
"""Looks a file of the project up."""


class WordModule(nn.Module, ABC):
    """Gives each distinct word of a batch a vector."""

    width: int
    """Features of that vector."""

    @abstractmethod
    def forward(self, features: Int[Tensor, "distinct *longest"]) -> Float[Tensor, "distinct width"]:
        """Embed encoded words."""


class View(Spec, ABC):
    """A section under `[embedding]`: one view of a word. It makes its codec and builds its network."""

    @abstractmethod
    def fit(self, counts: Mapping[str, int], find: PathResolver) -> WordCodec:
        """Make the codec, from the words of train and how often each occurs."""

    @abstractmethod
    def restore(self, data: dict[str, Any]) -> WordCodec:
        """Take the codec that a run has saved."""

    @abstractmethod
    def build(self, codec: Any) -> WordModule:
        """Make the network for words that this codec encoded, with fresh random weights."""
