"""Precision: float32 everywhere, or 16 bits for the large matrix products."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch

from seqnlp.errors import UsageError
from seqnlp.nn.device import CPU, allow_tf32, autocast, has_bf16
from seqnlp.nn.private import has_amx

Precision = Literal["fp32", "bf16", "fp16"]
Requested = Literal["auto", "fp32", "bf16", "fp16"]

FORMATS: dict[Precision, torch.dtype | None] = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}
"""Number format of the large products; None: that of their tensors."""


def resolve(precision: Requested, device: torch.device = CPU, carries_state: bool = False) -> Precision:
    """Resolve `auto` for a device: bf16 where it is in hardware and costs no score, else fp32.

    Args:
        precision: As the recipe has it.
        device: The device.
        carries_state: True for a model whose state goes on from batch to batch. On processors with AMX such a
            language model lost 0.009 nats in bf16, and none on others.

    Raises:
        UsageError: the device can't compute in the format that is asked for.
    """
    if precision == "auto":
        loses = carries_state and device == CPU and has_amx()
        return "bf16" if has_bf16(device) and not loses else "fp32"
    noun = "processor" if device == CPU else "device"
    if precision == "bf16" and not has_bf16(device):
        raise UsageError(f"training.precision: this {noun} can't compute in bf16; expected auto or fp32")
    if precision == "fp16" and device == CPU:
        raise UsageError("training.precision: fp16 is for accelerators; on a processor expected auto, fp32 or bf16")
    return precision


def for_scores(trained: Requested, device: torch.device = CPU) -> Precision:
    """Precision to score a run in: as trained, or fp32 where that is missing."""
    return resolve("auto" if trained == "bf16" else trained, device) if trained != "fp16" else "fp32"


def set_up(precision: Precision, device: torch.device) -> None:
    """Set up the process for a training in this precision; its backward passes obey it, too."""
    allow_tf32(device, precision != "fp32")


@contextmanager
def computing_in(precision: Precision, device: torch.device) -> Iterator[None]:
    """Run the matrix products inside in this number format, on this device."""
    with autocast(device, FORMATS[precision]):
        yield
