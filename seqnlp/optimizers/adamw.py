"""Adam with decoupled weight decay."""

from collections.abc import Iterable
from typing import Annotated, Literal, final

import torch
from pydantic import Field
from torch import nn

from seqnlp.optimizers.base import Optimizer
from seqnlp.optimizers.eager import eager


@final
class AdamW(Optimizer):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019)."""

    kind: Literal["adamw"] = "adamw"
    beta1: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Decay of the first moment: the running mean of the gradient."""
    beta2: Annotated[float, Field(ge=0, lt=1)] = 0.98
    """Decay of the second moment: the running mean of its square."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """Weight decay, decoupled from the gradient: each step takes off `lr * weight_decay * weight`."""

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """Build the optimizer, with all updates in one fused kernel."""
        return eager(torch.optim.AdamW)(
            parameters, self.lr, (self.beta1, self.beta2), weight_decay=self.weight_decay, fused=True
        )
