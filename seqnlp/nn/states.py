"""States: what an encoder hands to a decoder, and all that the two share."""

from dataclasses import dataclass, field

from torch import Tensor

from seqnlp.shapes import Bool, Float


@dataclass(frozen=True)
class States:
    """The encoded batch. What stands at padded steps has no meaning and must not be looked at."""

    outputs: Float[Tensor, "batch time width"]
    """One vector a step."""
    mask: Bool[Tensor, "batch time"]
    """True on real steps. Sequences begin at step 0; no row is empty."""
    carry: list[Tensor] = field(default_factory=list)
    """The recurrent state after the last step of each layer, to go on from (language models)."""
