"""Learning rates of pretrained parts of a model."""

from collections.abc import Iterator
from dataclasses import dataclass

from torch import nn


@dataclass(frozen=True)
class OwnRate:
    """Peak learning rate of a part, and its warmup: the share of the training over which it rises from 0."""

    lr: float
    warmup_ratio: float


class RatedModule(nn.Module):
    """Part of a model with a learning rate of its own."""

    rate: OwnRate


def rated_parameters(model: nn.Module) -> Iterator[tuple[OwnRate, list[nn.Parameter]]]:
    """Trainable parameters of each part with a learning rate of its own."""
    for module in model.modules():
        if isinstance(module, RatedModule):
            yield module.rate, [each for each in module.parameters() if each.requires_grad]
