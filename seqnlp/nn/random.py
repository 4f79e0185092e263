"""Random numbers of replicas that are trained side by side: each thread has generators of its own, one a device."""

import threading

import torch


class _Generators(threading.local):
    """The generators of a thread by device, and the seed that a new one begins with."""

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
    """Generator of this thread for a device; dropout draws from it."""
    if device not in _local.by_device:
        _local.by_device[device] = torch.Generator(device)
        if _local.seed is not None:
            _local.by_device[device].manual_seed(_local.seed)
    return _local.by_device[device]
