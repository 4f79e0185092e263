"""Settings that all recurrent encoders share."""

from abc import ABC, abstractmethod
from functools import partial
from typing import Annotated, ClassVar

from pydantic import Field

from seqnlp.encoders.base import Encoder
from seqnlp.nn.recurrent import RecurrentLayer, RecurrentStack


class RecurrentEncoder(Encoder, ABC):
    """A stack of recurrent layers. A new kind needs one method, which makes a layer."""

    decoder_keys: ClassVar[frozenset[str]] = frozenset(
        {"size", "layers", "bidirectional", "dropout", "variational_dropout", "residual"}
    )

    renamed = {"variational": "variational_dropout"}

    size: Annotated[int, Field(ge=1)] = 128
    """Units of each direction of each layer."""
    layers: Annotated[int, Field(ge=1, le=16)] = 1
    """Stacked layers."""
    bidirectional: bool = True
    """Read each sequence in both directions; the output is twice as wide."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """Share of features dropped between layers."""
    variational_dropout: bool = True
    """One dropout mask a sequence instead of one a step: cheaper, and usually better."""
    residual: bool = False
    """Add each layer's input to its output wherever their widths agree."""

    @abstractmethod
    def layer(self, width: int, size: int) -> RecurrentLayer:
        """Make one direction of a layer.

        Args:
            width: Features of an input step.
            size: Features of an output step.
        """

    @property
    def reads_ahead(self) -> bool:
        """Only a backward direction sees later steps."""
        return self.bidirectional

    def build(self, width: int) -> RecurrentStack:
        """Make the layers."""
        return RecurrentStack(
            partial(self.layer, size=self.size),
            width,
            self.layers,
            self.bidirectional,
            self.dropout,
            self.variational_dropout,
            self.residual,
        )

    def build_cell(self, width: int, size: int) -> RecurrentStack:
        """Make a forward layer. See `Encoder.build_cell`."""
        return RecurrentStack(partial(self.layer, size=size), width)
