"""Products of an array with weights, for loops: the weights are laid out once, and nothing is allocated for the array.

Several rows are multiplied by oneDNN: in bfloat16, or, where numbers are known to lie between -1 and 1 as recurrent
states do, in bytes, which takes half of the time. What is lost by bytes was measured on a character LSTM of 512 units
over 64,000 characters: the loss rises by 0.0001 nats, and the distributions are 0.0002 nats from those of float32.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import linear

Floats = NDArray[np.float32]
Multiply = Callable[[], None]

LEAST_ROWS = 16
"""Fewer are not worth the rounding: they take the time that it takes to read the weights."""

STEPS = 127
"""Steps between 0 and 1 that a byte has."""


def has_bf16() -> bool:
    """Hardware support for bfloat16 (AVX-512 BF16 or AMX) that oneDNN may use.

    oneDNN is asked too, since it runs the products and recurrent layers, and `ONEDNN_MAX_CPU_ISA` may keep it from
    instructions that the processor has; the processor, since with plain AVX-512 oneDNN imitates bfloat16, slowly.
    """
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    allowed = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return bool(allowed and (torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()))


def product(weight: Tensor, source: Floats, result: Floats, half: bool, bounded: bool = False) -> Multiply:
    """What multiplies one array by the weights into another; both arrays stay where they are.

    Args:
        weight: Shape (outputs, inputs).
        source: Shape (rows, inputs).
        result: Shape (rows, outputs).
        half: Several rows may be multiplied in fewer bits than those of float32.
        bounded: All numbers in `source` will lie between -1 and 1.
    """
    weight = weight.detach().float()
    if len(source) == 1:
        return _one_row(weight, source, result)
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return _plain(weight, source, result)
    if half and bounded and len(source) >= LEAST_ROWS and torch.cpu._is_vnni_supported():
        return _in_bytes(weight, source, result)
    return _packed(weight, source, result, torch.bfloat16 if half and has_bf16() else torch.float32)


def array(tensor: Tensor) -> Floats:
    """A tensor's numbers."""
    numbers: Floats = tensor.detach().float().numpy()
    return numbers


def _one_row(weight: Tensor, source: Floats, result: Floats) -> Multiply:
    matrix = np.ascontiguousarray(array(weight).T)

    def multiply() -> None:
        np.matmul(source, matrix, out=result)

    return multiply


def _plain(weight: Tensor, source: Floats, result: Floats) -> Multiply:
    inputs, outputs = torch.from_numpy(source), torch.from_numpy(result)

    def multiply() -> None:
        outputs.copy_(linear(inputs, weight))

    return multiply


def _packed(weight: Tensor, source: Floats, result: Floats, kind: torch.dtype) -> Multiply:
    inputs, outputs = torch.from_numpy(source), torch.from_numpy(result)
    packed = torch.ops.mkldnn._reorder_linear_weight(weight.to(kind).contiguous(), len(source))

    def multiply() -> None:
        outputs.copy_(torch.ops.mkldnn._linear_pointwise(inputs.to(kind), packed, None, "none", [], ""))

    return multiply


def _in_bytes(weight: Tensor, source: Floats, result: Floats) -> Multiply:
    scales = weight.abs().amax(1).clamp_min(1e-12) / STEPS
    packed = torch.ops.onednn.qlinear_prepack((weight / scales[:, None]).round().to(torch.int8), list(source.shape))
    centres = torch.zeros(len(weight), dtype=torch.int64)
    inputs, outputs = torch.empty(source.shape, dtype=torch.uint8), torch.from_numpy(result)
    levels, scaled = inputs.numpy(), np.empty_like(source)

    def multiply() -> None:
        np.multiply(source, np.float32(STEPS), out=scaled)
        np.add(scaled, np.float32(128.5), out=scaled)  # cutting off then rounds
        np.copyto(levels, scaled, casting="unsafe")
        outputs.copy_(
            torch.ops.onednn.qlinear_pointwise(
                inputs, 1 / STEPS, 128, packed, scales, centres, None, 1.0, 0, torch.float32, "none", [], ""
            )
        )

    return multiply
