"""GRU in float32 on a CPU, with its own backward pass.

torch has no fused kernel for them there: its graph has a dozen nodes a step, and each step adds its outer product to
the gradient of the weights. Here that gradient is one product over all steps, whatever does not depend on the running
gradient is computed for all steps at once, and a step backward is three operations.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from seqnlp.nn.device import CPU, autocast_dtype
from seqnlp.shapes import Float

ROWS = 256
"""Rows that are computed together, at most: what a step of more reads and writes leaves the processor's cache."""


def trains_in_float32(steps: Tensor) -> bool:
    """Check for a training in float32 on a CPU."""
    return torch.is_grad_enabled() and steps.device == CPU and autocast_dtype(steps) == torch.float32


def gru(
    steps: Float[Tensor, "time batch width"], state: Float[Tensor, "batch size"], weights: list[Tensor]
) -> tuple[Float[Tensor, "time batch size"], Float[Tensor, "batch size"]]:
    """Run gated recurrent units over all steps, as `torch.gru` does.

    Args:
        steps: The inputs; one step at least.
        state: Hidden state before the first step.
        weights: Input and recurrent weights, input and recurrent biases, the gates in the order reset, update, new.

    Returns:
        The hidden states, and the last one.
    """
    number = -(-len(state) // ROWS) or 1
    parts = [
        _Gru.apply(own_steps, own_state, *weights)  # type: ignore[no-untyped-call]
        for own_steps, own_state in zip(steps.chunk(number, 1), state.chunk(number), strict=True)
    ]
    if number == 1:
        outputs, last = parts[0]
        return outputs, last
    every_output, every_last = zip(*parts, strict=True)
    return torch.cat(every_output, 1), torch.cat(every_last)


def _gates(tensor: Tensor) -> Iterator[Tensor]:
    """Part a tensor of (time, batch, 3 * size) into its gates."""
    return iter(tensor.chunk(3, -1))


class _Gru(torch.autograd.Function):
    """h' = n + z (h - n) with n = tanh(W_n x + r (U_n h + b)), r and z sigmoids of W x + U h."""

    @staticmethod
    def forward(
        ctx: Any, steps: Tensor, state: Tensor, inward: Tensor, recurrent: Tensor, bias: Tensor, recurrent_bias: Tensor
    ) -> tuple[Tensor, Tensor]:
        (time, batch, _), size = steps.shape, recurrent.shape[1]
        # the recurrent bias of the new gate stands inside of the product with the reset gate; the others add up
        outer, inner = recurrent_bias.clone(), recurrent_bias.clone()
        outer[2 * size :] = 0
        inner[: 2 * size] = 0
        gates = torch.addmm(bias + outer, steps.flatten(0, 1), inward.t()).view(time, batch, 3 * size)
        products, hidden = torch.empty_like(gates), steps.new_empty(time + 1, batch, size)
        hidden[0] = state
        matrix = recurrent.t().contiguous()  # once, not at each step
        reset, update, new = _gates(gates)
        parts = (
            hidden[:-1],
            hidden[1:],
            products,
            gates[..., : 2 * size],
            products[..., : 2 * size],
            products[..., 2 * size :],
            reset,
            update,
            new,
        )
        for before, after, product, both, added, third, r, z, n in zip(*(part.unbind() for part in parts), strict=True):
            torch.addmm(inner, before, matrix, out=product)
            both.add_(added).sigmoid_()
            n.addcmul_(r, third).tanh_()
            torch.lerp(n, before, z, out=after)
        ctx.save_for_backward(steps, inward, recurrent, gates, products, hidden)
        return hidden[1:], hidden[-1].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor, last: Tensor) -> tuple[Tensor | None, ...]:
        steps, inward, recurrent, gates, products, hidden = ctx.saved_tensors
        time, batch, size = slope.shape
        reset, update, new = _gates(gates)
        *_, third = _gates(products)
        # derivative of each gate's sum by the hidden state after it: for all steps at once
        factors = torch.empty_like(products)
        by_reset, by_update, by_product = _gates(factors)
        by_new = (1 - update).mul_(1 - new.square())
        torch.mul(by_new, reset, out=by_product)
        torch.mul(by_product, third, out=by_reset).mul_(1 - reset)
        torch.mul(hidden[:-1] - new, update, out=by_update).mul_(1 - update)

        running, sums = torch.empty_like(slope), torch.empty_like(products)
        running[-1] = slope[-1] + last
        parts = (running, factors.view(time, batch, 3, size), sums.view(time, batch, 3, size), sums, update)
        first = torch.empty_like(last)
        # the gradient of a step's state goes into `running` of the step before, that of the first into `first`
        targets = [first, *running[:-1].unbind()]
        given = [torch.zeros_like(last), *slope[:-1].unbind()]
        rows = zip(*(part.unbind() for part in parts), targets, given, strict=True)
        for now, factor, by_gate, flat, z, before, outside in reversed(list(rows)):
            torch.mul(factor, now.unsqueeze(1), out=by_gate)
            torch.addcmul(outside, now, z, out=before)
            before.addmm_(flat, recurrent)

        flat_sums = sums.flatten(0, 1)
        weights_slope = flat_sums.t() @ hidden[:-1].flatten(0, 1)
        bias_slope = flat_sums.sum(0)
        *_, of_new = _gates(sums)
        torch.mul(running, by_new, out=of_new)  # from here on the sums without the reset gate's factor: by the inputs
        inputs_slope = (flat_sums @ inward).view_as(steps) if ctx.needs_input_grad[0] else None
        return (inputs_slope, first, flat_sums.t() @ steps.flatten(0, 1), weights_slope, flat_sums.sum(0), bias_slope)
