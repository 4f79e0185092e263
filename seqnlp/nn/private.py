"""Private functions of torch, each with a plain fallback: a later version may lack them or take other arguments."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

Product = Callable[[Tensor], Tensor]


def find(path: str) -> Any | None:
    """Private function of torch by its dotted name; None where this version has none."""
    found: Any = torch
    for name in path.split("."):
        # an operator that does not exist raises AttributeError as well, and one of a missing library RuntimeError
        try:
            found = getattr(found, name)
        except (AttributeError, RuntimeError):
            return None
    return found


def lerp_all(tensors: Sequence[Tensor], ends: Sequence[Tensor], weight: float) -> None:
    """Interpolate linearly between tensors and their ends, in place."""
    together = find("_foreach_lerp_")
    if together is not None:
        together(list(tensors), list(ends), weight)
        return
    for tensor, end in zip(tensors, ends, strict=True):
        tensor.lerp_(end, weight)


def supports_bf16() -> bool:
    """Hardware support for bfloat16 as oneDNN and torch see it; False where this version does not tell."""
    allowed = find("ops.mkldnn._is_mkldnn_bf16_supported")
    processor = [find("cpu._is_avx512_bf16_supported"), find("cpu._is_amx_tile_supported")]
    return bool(allowed is not None and allowed() and any(known is not None and known() for known in processor))


def has_amx() -> bool:
    """Hardware support for AMX, Intel's products of tiles; False where this version does not tell."""
    known = find("cpu._is_amx_tile_supported")
    return bool(known is not None and known())


def onednn_linear(weight: Tensor, bias: Tensor | None, rows: int) -> Product | None:
    """Lay `inputs @ weight.T + bias` out for oneDNN; None where this version can't."""
    reorder, multiply = find("ops.mkldnn._reorder_linear_weight"), find("ops.mkldnn._linear_pointwise.default")
    if reorder is None or multiply is None:
        return None

    def product(inputs: Tensor) -> Tensor:
        outputs: Tensor = multiply(inputs, packed, bias, "none", [], "")
        return outputs

    try:
        packed = reorder(weight, rows)
        product(weight.new_zeros(1, weight.shape[1]))  # other arguments than expected are refused here, not in use
    except (RuntimeError, TypeError):
        return None
    return product
