"""The contract of an encoder."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Annotated, ClassVar

import torch
from pydantic import PlainSerializer

from seqnlp.nn.encoder import EncoderModule
from seqnlp.spec import Family


class Encoder(Family, ABC):
    """Maps embedded sequences to a contextual vector for each step."""

    default_kind: ClassVar[str | None] = "lstm"

    decoder_keys: ClassVar[frozenset[str]] = frozenset()
    """Settings that a decoder has of its own where it takes this recurrence as its cell."""

    @abstractmethod
    def build(self, width: int) -> EncoderModule:
        """Make the network for inputs of this width, with fresh random weights."""

    @property
    @abstractmethod
    def reads_ahead(self) -> bool:
        """True if a step's vector depends on later steps; a language model's must not."""

    @property
    def equations(self) -> tuple[str, ...]:
        """Equations of one step in plain Unicode text, a line each; empty if it tells none.

        x is the input, h the state before the step, h′ the state after it, which is the output; σ is the sigmoid and
        ⊙ the product of elements.
        """
        return ()

    def unused_in(self, network: EncoderModule) -> Iterator[tuple[str, str]]:
        """Find settings without an effect on the network that was built: keys, and reasons."""
        return iter(())

    def build_cell(self, width: int, size: int) -> EncoderModule:
        """Make one causal layer for a decoder that goes step by step.

        Args:
            width: Features of an input step.
            size: Features that an output step must have.

        Raises:
            ValueError: the encoder can't have that size, or reads ahead.
        """
        if self.reads_ahead:
            raise ValueError("it reads ahead, and a decoder does not know what comes next")
        module = self.build(width)
        if module.width != size:
            raise ValueError(f"it gives {module.width} features, and size is {size}")
        return module

    def cell_faults(self, width: int, size: int) -> Iterator[tuple[str, str]]:
        """Find what keeps this recurrence from being the cell of a decoder: keys, `cell` for all, and problems."""
        for key in sorted(self.decoder_keys & self.model_fields_set):
            yield f"cell.{key}", "the decoder's own settings count, and this one would be without effect"
        try:
            with torch.device("meta"):  # nothing is computed
                self.build_cell(width, size)
        except ValueError as error:
            yield "cell", f"{self.model_dump().get('kind')} can't be its cell: {error}"


Cell = Annotated[
    Encoder, PlainSerializer(lambda spec: spec.model_dump(exclude=set(spec.decoder_keys), exclude_none=True))
]
"""A recurrence that a decoder goes step by step with; its sizes are the decoder's."""
