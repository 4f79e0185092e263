"""Number formats: float32 everywhere, or bfloat16 for the large products."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch

from seqnlp.errors import UsageError

Precision = Literal["fp32", "bf16"]


def has_bf16() -> bool:
    """Check whether this processor computes in bfloat16: oneDNN wants AVX-512 for its products and recurrent layers."""
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return True
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def resolve(precision: Literal["auto", "fp32", "bf16"]) -> Precision:
    """What `auto` means on this processor: bf16 where that is faster, which takes AVX-512 BF16 or AMX.

    Raises:
        UsageError: bf16 is asked for, and this processor has no way to it.
    """
    if precision == "auto":
        return "bf16" if torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported() else "fp32"
    if precision == "bf16" and not has_bf16():
        raise UsageError("training.precision: this processor can't compute in bf16; expected auto or fp32")
    return precision


def for_scores(trained: Literal["auto", "fp32", "bf16"]) -> Precision:
    """What to score a run in: what it was trained in, or fp32 where that was bf16 on a machine that has it."""
    return resolve("auto" if trained == "bf16" and not has_bf16() else trained)


@contextmanager
def computing_in(precision: Precision) -> Iterator[None]:
    """Run the products inside in this format."""
    # The cache of cast weights is one for all threads, so that what is found in it would depend on timing.
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16", cache_enabled=False):
        yield
