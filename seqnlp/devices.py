"""Names of devices, without torch; the one that models are opened on."""

from __future__ import annotations

import re

from seqnlp.errors import UsageError

EXPECTED = "auto, cpu, cuda, cuda:N or mps"
"""Names that a setting or an option takes."""

_NAME = re.compile(r"auto|cpu|cuda(:\d{1,3})?|mps")

_chosen: list[str] = []
"""Device that this process opens models on, if one was chosen; its threads share it."""


def check_device_name(name: str) -> str:
    """Check the form of a device's name; returns it.

    Raises:
        ValueError: it names no kind of device.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"expected {EXPECTED}, found {name!r:.60}")
    return name


def kind_of_device(name: str) -> str:
    """Kind of a device: its name without a number."""
    return name.partition(":")[0]


def opening_device() -> str | None:
    """Name of the device that models are opened on; None: the CPU."""
    return _chosen[-1] if _chosen else None


def set_opening_device(name: str) -> str:
    """Set the device that this process opens models on.

    Raises:
        seqnlp.errors.UsageError: it names no kind of device.
    """
    try:
        _chosen[:] = [check_device_name(name)]
    except ValueError as error:
        raise UsageError(f"--device: {error}") from None
    return name
