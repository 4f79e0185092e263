"""What the recurrent encoders have in common: their settings."""

from typing import Annotated

from pydantic import Field

from seqnlp.encoders.base import Encoder
from seqnlp.nn.recurrent import Cell, Recurrent


class RecurrentEncoder(Encoder):
    """Settings of a stack of recurrent layers."""

    renamed = {"variational": "variational_dropout"}

    size: Annotated[int, Field(ge=1)] = 128
    """Units of each direction of each layer."""
    layers: Annotated[int, Field(ge=1, le=16)] = 1
    """Layers on top of each other."""
    bidirectional: bool = True
    """Read each sequence in both directions; the output is twice as wide."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """Share of features dropped between layers."""
    variational_dropout: bool = True
    """One dropout mask a sequence instead of one a step: cheaper, and usually better."""
    residual: bool = False
    """Add each layer's input to its output wherever their widths agree."""
    weight_drop: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the weights between a layer's steps dropped while training (Merity et al., 2018)."""

    @property
    def reads_ahead(self) -> bool:
        """Only a backward direction sees later steps."""
        return self.bidirectional

    def stack(self, cell: Cell, width: int) -> Recurrent:
        """The layers, with this recurrence."""
        return Recurrent(
            cell,
            width,
            self.size,
            self.layers,
            self.bidirectional,
            self.dropout,
            self.variational_dropout,
            self.residual,
            self.weight_drop,
        )
