"""Contract of an optimizer."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import nn

from seqnlp.optimizers.schedules import Schedule, scale
from seqnlp.spec import Family


class Optimizer(Family, ABC):
    """Optimizer and schedule of the learning rate."""

    default_kind: ClassVar[str | None] = "adamw"
    renamed = {"warmup": "warmup_ratio"}

    lr: Annotated[float, Field(gt=0)] = 2e-3
    """Peak learning rate."""
    schedule: Schedule = "cosine"
    """Schedule of the rate: constant, linear, cosine, one_cycle, or plateau (halved if dev is no better)."""
    warmup_ratio: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Warmup: share of the training over which the rate rises from 0."""

    @abstractmethod
    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """Build the optimizer."""

    def rate(self, progress: float) -> float:
        """Learning rate when this share (0 to 1) of the training is done."""
        return self.lr * scale(self.schedule, progress, self.warmup_ratio)
