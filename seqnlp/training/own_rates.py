"""Parameter groups of parts with a learning rate of their own."""

from typing import Any

import torch
from torch import nn

from seqnlp.nn.own_rate import rated_parameters
from seqnlp.optimizers import Optimizer

OWN = "own_schedule"
"""Key of a parameter group: its `Optimizer`, which tells the rate."""


def separate(optimizer: torch.optim.Optimizer, settings: Optimizer, model: nn.Module) -> None:
    """Split such parameters off from the groups of an optimizer; those of a group follow the rest of it.

    Args:
        optimizer: As it was built, or divided already.
        settings: Settings that it was built by, with the schedule that all rates follow.
        model: The model.
    """
    rates = {id(each): rate for rate, parameters in rated_parameters(model) for each in parameters}
    groups: list[dict[str, Any]] = []
    for group in optimizer.param_groups:
        by_rate: dict[Any, list[nn.Parameter]] = {}
        for parameter in group["params"]:
            by_rate.setdefault(rates.get(id(parameter)), []).append(parameter)
        for rate in sorted(by_rate, key=lambda rate: rate is not None):  # stable: the rest comes first
            own = {"lr": rate.lr, "warmup_ratio": rate.warmup_ratio} if rate is not None else {}
            groups.append({**group, "params": by_rate[rate], OWN: settings.model_copy(update=own)})
    optimizer.param_groups[:] = groups
