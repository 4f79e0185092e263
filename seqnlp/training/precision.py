"""Precision: float32 everywhere, or bfloat16 for the large matrix products."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch

from seqnlp.errors import UsageError
from seqnlp.nn.device import has_bf16

Precision = Literal["fp32", "bf16"]


def resolve(precision: Literal["auto", "fp32", "bf16"]) -> Precision:
    """Resolve `auto` for this processor: bf16 where it is in hardware, else fp32.

    Raises:
        UsageError: bf16 is asked for, and this processor has no instructions for it.
    """
    if precision == "auto":
        return "bf16" if has_bf16() else "fp32"
    if precision == "bf16" and not has_bf16():
        raise UsageError("training.precision: this processor can't compute in bf16; expected auto or fp32")
    return precision


def for_scores(trained: Literal["auto", "fp32", "bf16"]) -> Precision:
    """Precision to score a run in: as trained, or fp32 where bf16 is missing."""
    return resolve("auto" if trained == "bf16" else trained)


@contextmanager
def computing_in(precision: Precision, device: torch.device) -> Iterator[None]:
    """Run the matrix products inside in this number format, on this device."""
    # All threads share the cache of cast weights: its content would depend on timing.
    with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16", cache_enabled=False):
        yield
