"""The contract of an encoder."""

from abc import ABC, abstractmethod
from typing import ClassVar

from seqnlp.nn.encoder import EncoderModule
from seqnlp.spec import Family


class Encoder(Family, ABC):
    """Reads embedded sequences: gives each step a vector that knows its context."""

    default_kind: ClassVar[str | None] = "lstm"

    @abstractmethod
    def build(self, width: int) -> EncoderModule:
        """Make the network for inputs of this width, with fresh random weights."""

    @property
    @abstractmethod
    def reads_ahead(self) -> bool:
        """Whether a step's vector depends on later steps, which a language model must not allow."""
