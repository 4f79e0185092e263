"""The layers that tests of recurrence are run with, and stacks of them with random weights."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn

from seqnlp.encoders.min_gru import MinGruLayer
from seqnlp.encoders.mogrifier import MogrifierLayer
from seqnlp.nn import RecurrentLayer, RecurrentStack
from seqnlp.nn.recurrent import GruLayer, LstmLayer, RnnLayer
from seqnlp.nn.recurrent.normalized import NormalizedGruLayer, NormalizedLstmLayer, NormalizedRnnLayer

LAYERS: dict[str, Callable[..., RecurrentLayer]] = {
    "tanh": RnnLayer,
    "relu": partial(RnnLayer, activation="relu"),
    "gru": GruLayer,
    "lstm": LstmLayer,
    "layer norm tanh": NormalizedRnnLayer,
    "layer norm relu": partial(NormalizedRnnLayer, activation="relu"),
    "layer norm gru": NormalizedGruLayer,
    "layer norm lstm": NormalizedLstmLayer,
    "min_gru": MinGruLayer,
    "mogrifier": MogrifierLayer,
    "mogrifier of low rank": partial(MogrifierLayer, rounds=4, rank=2),
}
"""By name; each takes a width and a size."""

OF_TORCH = ["tanh", "relu", "gru", "lstm"]
"""Those that torch has too."""

DROPPING = [kind for kind in LAYERS if kind != "min_gru"]
"""Those that may drop weights between steps."""


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
