"""The layers that tests of recurrence are run with, and stacks of them with random weights."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn

from seqnlp.nn import RecurrentLayer, RecurrentStack
from seqnlp.nn.recurrent import GruLayer, LstmLayer, RnnLayer

LAYERS: dict[str, Callable[..., RecurrentLayer]] = {
    "tanh": RnnLayer,
    "relu": partial(RnnLayer, activation="relu"),
    "gru": GruLayer,
    "lstm": LstmLayer,
}
"""By name; each takes a width and a size."""


def stack(
    kind: str, width: int = 3, size: int = 4, kind_settings: dict[str, Any] | None = None, **settings: Any
) -> RecurrentStack:
    """Build a stack with fresh weights."""
    return RecurrentStack(partial(LAYERS[kind], size=size, **(kind_settings or {})), width, **settings)


def random_stack(kind: str, width: int = 3, size: int = 4, spread: float = 0.7, **settings: Any) -> RecurrentStack:
    """Build a stack in float64 whose weights are all random, the biases too, which begin at zero."""
    made = stack(kind, width, size, **settings).to(torch.float64)
    for parameter in made.parameters():
        nn.init.uniform_(parameter, -spread, spread)
    return made.eval()


def layers_of(made: RecurrentStack) -> list[list[Any]]:
    """Layers of a stack by number and direction."""
    layers: Any = made.layers
    return [list(layer) for layer in layers]
