"""Softmax and cross-entropy over a large vocabulary, in blocks: the logits of a whole batch are never there at once."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear

from seqnlp.nn.device import autocast_dtype
from seqnlp.shapes import Float, Int

BLOCK = 1 << 22
"""Logits computed at once."""


def linear_cross_entropy(
    hidden: Float[Tensor, "items width"],
    weight: Float[Tensor, "labels width"],
    bias: Float[Tensor, " labels"],
    target: Int[Tensor, " items"],
    smoothing: float = 0.0,
) -> Float[Tensor, ""]:
    """Sum the cross-entropy of `softmax(hidden @ weight.T + bias)` and targets; in nats.

    The gradients are computed along with the loss, while each block of logits is there. `smoothing` is the share of
    each target's probability that is spread evenly over all labels (Szegedy et al., 2016).
    """
    loss: Tensor = _LinearCrossEntropy.apply(hidden, weight, bias, target, smoothing)  # type: ignore[no-untyped-call]
    return loss


@torch.no_grad()
def nats(
    hidden: Float[Tensor, "items width"],
    weight: Float[Tensor, "labels width"],
    bias: Float[Tensor, " labels"],
    target: Int[Tensor, " items"],
) -> Float[Tensor, " items"]:
    """The cross-entropy of each item on its own, without gradients."""
    parts = [_nats(linear(hidden[rows], weight, bias), target[rows]) for rows in _blocks(len(hidden), len(weight))]
    return torch.cat(parts)


def _nats(logits: Tensor, target: Tensor) -> Tensor:
    full = logits.to(torch.promote_types(logits.dtype, torch.float32))
    return torch.nn.functional.cross_entropy(full, target, reduction="none")


def _blocks(items: int, labels: int) -> Iterator[slice]:
    size = max(1, BLOCK // labels)
    return (slice(start, start + size) for start in range(0, max(items, 1), size))


class _LinearCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor, target: Tensor, smoothing: float) -> Tensor:
        # products as autocast would have them; sums in full precision
        kind = autocast_dtype(hidden)
        full = torch.promote_types(weight.dtype, torch.float32)
        inputs, matrix = hidden.to(kind), weight.to(kind)
        total = torch.zeros((), dtype=full, device=hidden.device)
        hidden_slope, weight_slope = torch.empty_like(inputs), torch.zeros_like(weight, dtype=full)
        bias_slope = torch.zeros_like(bias, dtype=full)
        even = smoothing / len(weight)
        needed = any(ctx.needs_input_grad[:3])  # where nothing learns, the slopes would be twice the work of the loss
        for rows in _blocks(len(hidden), len(weight)):
            logs = linear(inputs[rows], matrix, bias.to(kind)).to(full)
            torch.log_softmax(logs, 1, out=logs)  # in place: a block takes 16 MB in each replica
            places = target[rows, None]
            total -= (1 - smoothing) * logs.gather(1, places).sum()
            if smoothing:
                total -= even * logs.sum()
            if not needed:
                continue
            slope = logs.exp_().sub_(even) if smoothing else logs.exp_()
            slope.scatter_add_(1, places, torch.full_like(places, smoothing - 1, dtype=full))
            bias_slope += slope.sum(0)
            slope = slope.to(kind)
            torch.mm(slope, matrix, out=hidden_slope[rows])
            weight_slope += slope.t() @ inputs[rows]
            del logs, slope  # before those of the next block are there
        ctx.save_for_backward(hidden_slope.to(hidden.dtype), weight_slope.to(weight.dtype), bias_slope.to(bias.dtype))
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (scale,) = gradients
        slopes = [slope * scale.to(slope.dtype) for slope in ctx.saved_tensors]
        return slopes[0], slopes[1], slopes[2], None, None
