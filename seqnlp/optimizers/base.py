"""Contract of an optimizer, and schedules of the learning rate."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from math import cos, pi
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import nn

from seqnlp.spec import Family

Schedule = Literal["constant", "linear", "cosine", "one_cycle", "slanted_triangular", "plateau"]

RATIO = 32
"""Highest rate of the slanted triangle over its lowest."""


def scale(schedule: Schedule, progress: float, warmup: float) -> float:
    """Factor on the peak learning rate.

    Args:
        schedule: `constant` and `plateau` stay (the loop halves `plateau` when dev is no better); `linear`
            and `cosine` fall to 0; `one_cycle` (Smith, 2018) rises over the first 30 %, then falls to 0;
            `slanted_triangular` (Howard and Ruder, 2018) rises over the first 10 % in a line, then falls in another
            to where it began, a 32nd.
        progress: Share of the training done, from 0 to 1.
        warmup: Share of the training over which the rate rises from 0; for `one_cycle`, 0 means 0.3, and for
            `slanted_triangular` 0.1.
    """
    if schedule == "one_cycle":
        warmup = warmup or 0.3
        if progress < warmup:
            return 0.04 + 0.96 * (1 - cos(pi * progress / warmup)) / 2
        return (1 + cos(pi * (progress - warmup) / (1 - warmup))) / 2
    if schedule == "slanted_triangular":
        warmup = warmup or 0.1
        height = progress / warmup if progress < warmup else 1 - (progress - warmup) / (1 - warmup)
        return (1 + max(height, 0.0) * (RATIO - 1)) / RATIO
    rise = min(1.0, progress / warmup) if warmup else 1.0
    rest = (progress - warmup) / (1 - warmup) if progress > warmup else 0.0
    if schedule == "linear":
        return rise * (1 - rest)
    if schedule == "cosine":
        return rise * (1 + cos(pi * rest)) / 2
    return rise


class Optimizer(Family, ABC):
    """Optimizer and schedule of the learning rate."""

    default_kind: ClassVar[str | None] = "adamw"
    renamed = {"warmup": "warmup_ratio"}

    lr: Annotated[float, Field(gt=0)] = 2e-3
    """Peak learning rate."""
    schedule: Schedule = "cosine"
    """Schedule of the rate: constant, linear, cosine, one_cycle, slanted_triangular, or plateau (halved if dev is no
    better)."""
    warmup_ratio: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Warmup: share of the training over which the rate rises from 0."""

    @abstractmethod
    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """Build the optimizer."""

    def rate(self, progress: float) -> float:
        """Learning rate when this share (0 to 1) of the training is done."""
        return self.lr * scale(self.schedule, progress, self.warmup_ratio)
