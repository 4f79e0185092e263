"""The contract of an optimizer."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import nn

from seqnlp.optimizers.schedules import Schedule, scale
from seqnlp.spec import Family


class Optimizer(Family, ABC):
    """How weights follow their gradients, and how fast at which moment."""

    default_kind: ClassVar[str | None] = "adamw"
    renamed = {"warmup": "warmup_ratio"}

    lr: Annotated[float, Field(gt=0)] = 2e-3
    """The learning rate at its highest."""
    schedule: Schedule = "cosine"
    """How the rate changes: constant, linear, cosine, one_cycle, or plateau (halved if dev is no better)."""
    warmup_ratio: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the training over which the rate rises from 0."""

    @abstractmethod
    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """Make the optimizer."""

    def rate(self, progress: float) -> float:
        """The learning rate when this share (0 to 1) of the training is done."""
        return self.lr * scale(self.schedule, progress, self.warmup_ratio)
