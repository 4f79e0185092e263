"""Dropout with one mask a sequence (variational dropout; Gal and Ghahramani, 2016)."""

from torch import Tensor, nn

from seqnlp.nn.random import generator
from seqnlp.shapes import Float


class Dropout(nn.Module):
    """Drops features; with `variational` the same ones at every step, which regularises better, for less."""

    def __init__(self, rate: float, variational: bool = True) -> None:
        super().__init__()
        self.rate, self.variational = rate, variational

    def forward(self, inputs: Float[Tensor, "batch time width"]) -> Float[Tensor, "batch time width"]:
        """Drop and rescale while training; the identity otherwise."""
        if not self.training or self.rate == 0:
            return inputs
        batch, time, width = inputs.shape
        kept = 1 - self.rate
        mask = (
            inputs.new_empty(batch, 1 if self.variational else time, width)
            .bernoulli_(kept, generator=generator(inputs.device))
            .div_(kept)
        )
        return inputs * mask

    def extra_repr(self) -> str:
        """Settings, for people."""
        return f"{self.rate}, variational={self.variational}"
