"""Reversal of padded sequences, each within its own length."""

from typing import Any

import torch
from torch import Tensor

from seqnlp.shapes import Bool, Float, Int


def reversal(mask: Bool[Tensor, "batch time"]) -> Int[Tensor, " cells"]:
    """Order that reverses each sequence of a time-major batch within its length.

    Returns:
        Positions in the flattened (time, batch) grid; applying them twice changes nothing.
    """
    batch, time = mask.shape
    steps = torch.arange(time, device=mask.device)[:, None]
    lengths = mask.sum(1)
    turned = torch.where(steps < lengths, lengths - 1 - steps, steps)
    return (turned * batch + torch.arange(batch, device=mask.device)).flatten()


class _Reverse(torch.autograd.Function):
    """Permutation, its own inverse: the gradient is gathered, not scattered."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, order: Tensor) -> Tensor:
        ctx.save_for_backward(order)
        return inputs.flatten(0, 1).index_select(0, order).view_as(inputs)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (order,) = ctx.saved_tensors
        gradient = gradients[0].contiguous()
        return gradient.flatten(0, 1).index_select(0, order).view_as(gradient), None


def reverse(
    inputs: Float[Tensor, "time batch width"], order: Int[Tensor, " cells"]
) -> Float[Tensor, "time batch width"]:
    """Reverse each sequence of a time-major batch by the order of `reversal`."""
    turned: Tensor = _Reverse.apply(inputs, order)  # type: ignore[no-untyped-call]
    return turned
