"""Layer groups: learning rates and freezing of parts of a model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from seqnlp.errors import UsageError


@dataclass(frozen=True)
class LayerGroup:
    """Parameters with a share of the learning rate, frozen for some epochs."""

    name: str
    parameters: Sequence[nn.Parameter]
    lr_scale: float = 1.0
    """Share of the learning rate."""
    frozen_epochs: int = 0
    """Epochs at the beginning in which they are not trained."""


def decayed_groups(
    groups: Mapping[str, Sequence[nn.Parameter]], layer_decay: float, frozen: Mapping[str, int]
) -> list[LayerGroup]:
    """Make groups whose rates decay from the top down.

    Args:
        groups: Parameters by name, from the bottom to the top.
        layer_decay: Learning rate of a group over that of the group above it.
        frozen: Epochs in which each is frozen, by name.
    """
    top = len(groups) - 1
    return [
        LayerGroup(name, own, layer_decay ** (top - place), frozen[name])
        for place, (name, own) in enumerate(groups.items())
    ]


def divide(optimizer: torch.optim.Optimizer, groups: Sequence[LayerGroup]) -> None:
    """Divide the only parameter group of an optimizer; the order of the parameters stays.

    Raises:
        seqnlp.errors.UsageError: it has several, as one of a plugin may.
    """
    if len(optimizer.param_groups) != 1:
        problem = "this optimizer has parameter groups of its own, which can't be divided into layer groups"
        raise UsageError(f"{problem}: leave out start.freeze, start.gradual_unfreezing and start.layer_decay")
    whole = optimizer.param_groups[0]
    optimizer.param_groups[:] = [
        {**whole, "params": list(group.parameters), "lr_scale": group.lr_scale} for group in groups
    ]


def freeze(models: Sequence[nn.Module], groups: Sequence[LayerGroup], epoch: int) -> None:
    """Set which parameters are trained in an epoch.

    Args:
        models: The model that the groups are of, and its replicas.
        groups: The groups.
        epoch: The epoch, from 0.
    """
    trained = {id(each): epoch >= group.frozen_epochs for group in groups for each in group.parameters}
    for model in models:
        for own, first in zip(model.parameters(), models[0].parameters(), strict=True):
            if id(first) in trained:
                own.requires_grad_(trained[id(first)])
                if not trained[id(first)]:
                    own.grad = None
