"""Dropout of features and of weights, with masks from the thread's generator.

Replicas are trained side by side: each thread has generators of its own, one a device.
"""

import threading

import torch
from torch import Tensor, nn

from seqnlp.shapes import Float


class _Generators(threading.local):
    """Generators of a thread by device; the seed that a new one begins with."""

    def __init__(self) -> None:
        self.seed: int | None = None
        self.by_device: dict[torch.device, torch.Generator] = {}


_local = _Generators()


def seed_thread(seed: int) -> None:
    """Seed the generators of this thread, on every device."""
    _local.seed = seed
    for made in _local.by_device.values():
        made.manual_seed(seed)


def generator(device: torch.device) -> torch.Generator:
    """Generator of this thread for a device; all dropout draws from it."""
    if device not in _local.by_device:
        _local.by_device[device] = torch.Generator(device)
        if _local.seed is not None:
            _local.by_device[device].manual_seed(_local.seed)
    return _local.by_device[device]


class Dropout(nn.Module):
    """Dropout of features; if variational, of the same ones at every step of a sequence.

    One mask a sequence (Gal and Ghahramani, 2016) regularises better, for less.
    """

    def __init__(self, rate: float, variational: bool = True) -> None:
        super().__init__()
        self.rate, self.variational = rate, variational

    def forward(self, inputs: Float[Tensor, "batch time width"]) -> Float[Tensor, "batch time width"]:
        """Drop and rescale while training; the identity otherwise."""
        if not self.training or self.rate == 0:
            return inputs
        batch, time, width = inputs.shape
        kept = 1 - self.rate
        mask = (
            inputs.new_empty(batch, 1 if self.variational else time, width)
            .bernoulli_(kept, generator=generator(inputs.device))
            .div_(kept)
        )
        return inputs * mask

    def extra_repr(self) -> str:
        """Show the settings."""
        return f"{self.rate}, variational={self.variational}"


def drop_weights(weight: Float[Tensor, "outputs inputs"], rate: float) -> Float[Tensor, "outputs inputs"]:
    """Drop and rescale single weights, the same for a batch (DropConnect; Wan et al., 2013)."""
    if rate == 0:
        return weight
    kept = 1 - rate
    return weight * weight.new_empty(weight.shape).bernoulli_(kept, generator=generator(weight.device)).div_(kept)
