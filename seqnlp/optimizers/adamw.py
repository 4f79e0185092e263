"""Adam with decoupled weight decay."""

from collections.abc import Iterable
from typing import Annotated, Literal, final

import torch
from pydantic import Field
from torch import nn

from seqnlp.optimizers.base import Optimizer


@final
class AdamW(Optimizer):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019)."""

    kind: Literal["adamw"] = "adamw"
    beta1: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Memory of the gradient's mean."""
    beta2: Annotated[float, Field(ge=0, lt=1)] = 0.98
    """Memory of the gradient's square."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """Share of each weight, times the rate, that is taken off at each step."""

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """Make the optimizer, with all updates in one fused kernel."""
        return torch.optim.AdamW(
            parameters, self.lr, (self.beta1, self.beta2), weight_decay=self.weight_decay, fused=True
        )
