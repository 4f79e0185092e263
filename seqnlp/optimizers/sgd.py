"""Stochastic gradient descent."""

from collections.abc import Iterable
from typing import Annotated, Literal, final

import torch
from pydantic import Field
from torch import nn

from seqnlp.optimizers.base import Optimizer
from seqnlp.optimizers.eager import eager


@final
class Sgd(Optimizer):
    """Stochastic gradient descent, with Nesterov momentum if any."""

    kind: Literal["sgd"] = "sgd"
    lr: Annotated[float, Field(gt=0)] = 0.1
    """Peak learning rate."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Momentum: share of the last step that is taken again."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """L2 penalty: added to the gradient as `weight_decay * weight`."""

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """Build the optimizer, with all updates in one fused kernel."""
        nesterov = self.momentum > 0
        return eager(torch.optim.SGD)(
            parameters, self.lr, self.momentum, weight_decay=self.weight_decay, nesterov=nesterov, fused=True
        )
