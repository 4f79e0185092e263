"""Recurrences without a kernel against plain loops over their papers' equations, with gradients, in float64."""

from collections.abc import Callable, Mapping

import pytest
import torch
from torch import Tensor

from seqnlp.encoders.min_gru import linear_recurrence
from seqnlp.nn import RecurrentStack
from tests.unit.nn.layers import random_stack

Parameters = Mapping[str, Tensor]
Run = Callable[[Parameters, Tensor, list[Tensor]], list[Tensor]]


def normalised(w: Parameters, name: str, a: Tensor) -> Tensor:
    """Ba et al. (2016), equations 3 and 4: mean and deviation over the units of a layer, then gain and bias."""
    mean = torch.stack(a.unbind(-1)).sum(0) / a.shape[-1]
    squares = [(part - mean) ** 2 for part in a.unbind(-1)]
    deviation = (torch.stack(squares).sum(0) / a.shape[-1] + 1e-5) ** 0.5
    return w[f"{name}.weight"] * (a - mean[:, None]) / deviation[:, None] + w[f"{name}.bias"]


def rnn(f: Callable[[Tensor], Tensor]) -> Run:
    def run(w: Parameters, x: Tensor, state: list[Tensor]) -> list[Tensor]:
        """a_t = W_hh h_{t-1} + W_xh x_t, h_t = f(g / sigma (a_t - mu) + b): equation 4."""
        (h,), outputs = state, []
        for x_t in x:
            h = f(normalised(w, "norm", h @ w["weight_hh"].T + x_t @ w["weight_ih"].T))
            outputs.append(h)
        return outputs

    return run


def gru(w: Parameters, x: Tensor, state: list[Tensor]) -> list[Tensor]:
    """Equations 23 to 26, with r and z as torch names them."""
    (h,), outputs, size = state, [], state[0].shape[1]
    (w_g, w_n), (u_g, u_n) = (w[name].split([2 * size, size]) for name in ("weight_ih", "weight_hh"))
    for x_t in x:
        sums = normalised(w, "norm_ih", x_t @ w_g.T) + normalised(w, "norm_hh", h @ u_g.T)
        r, z = 1 / (1 + torch.exp(-sums[:, :size])), 1 / (1 + torch.exp(-sums[:, size:]))
        n = torch.tanh(normalised(w, "norm_in", x_t @ w_n.T) + r * normalised(w, "norm_hn", h @ u_n.T))
        h = (1 - z) * n + z * h
        outputs.append(h)
    return outputs


def lstm(w: Parameters, x: Tensor, state: list[Tensor]) -> list[Tensor]:
    """Equations 20 to 22."""
    (h, c), outputs = state, []
    for x_t in x:
        sums = normalised(w, "norm_ih", x_t @ w["weight_ih"].T) + normalised(w, "norm_hh", h @ w["weight_hh"].T)
        i, f, g, o = sums.split(h.shape[1], 1)
        c = 1 / (1 + torch.exp(-f)) * c + 1 / (1 + torch.exp(-i)) * torch.tanh(g)
        h = 1 / (1 + torch.exp(-o)) * torch.tanh(normalised(w, "norm_c", c))
        outputs.append(h)
    return outputs


def min_gru(w: Parameters, x: Tensor, state: list[Tensor]) -> list[Tensor]:
    """Feng et al. (2024), section 3.1 with the positive candidate of appendix B."""
    (h,), outputs, size = state, [], state[0].shape[1]
    for x_t in x:
        gate, candidate = (x_t @ w["linear.weight"].T + w["linear.bias"]).split(size, 1)
        z = 1 / (1 + torch.exp(-gate))
        positive = torch.where(candidate >= 0, candidate + 0.5, 1 / (1 + torch.exp(-candidate)))
        h = (1 - z) * h + z * positive
        outputs.append(h)
    return outputs


def mogrifier(rounds: int, low_rank: bool) -> Run:
    def run(w: Parameters, x: Tensor, state: list[Tensor]) -> list[Tensor]:
        """Melis et al. (2020), equations 1 and 2; low rank as in section 2."""
        (h, c), outputs = state, []
        matrices = [w[f"mogrifiers.{number}"] for number in range(rounds * (1 + low_rank))]
        if low_rank:
            matrices = [left @ right for right, left in zip(matrices[::2], matrices[1::2], strict=True)]
        for x_t in x:
            gated = x_t
            for number, matrix in enumerate(matrices, 1):
                if number % 2:
                    gated = 2 / (1 + torch.exp(-(h @ matrix.T))) * gated
                else:
                    h = 2 / (1 + torch.exp(-(gated @ matrix.T))) * h
            sums = gated @ w["weight_ih"].T + h @ w["weight_hh"].T + w["bias"]
            i, f, g, o = sums.split(h.shape[1], 1)
            c = 1 / (1 + torch.exp(-f)) * c + 1 / (1 + torch.exp(-i)) * torch.tanh(g)
            h = 1 / (1 + torch.exp(-o)) * torch.tanh(c)
            outputs.append(h)
        return outputs

    return run


EQUATIONS: dict[str, Run] = {
    "layer norm tanh": rnn(torch.tanh),
    "layer norm relu": rnn(torch.relu),
    "layer norm gru": gru,
    "layer norm lstm": lstm,
    "min_gru": min_gru,
    "mogrifier": mogrifier(5, low_rank=False),
    "mogrifier of low rank": mogrifier(4, low_rank=True),
}
TIME, BATCH, WIDTH, SIZE = 7, 3, 3, 4


def prepared(kind: str) -> tuple[RecurrentStack, Tensor, list[Tensor]]:
    """A stack, its inputs and a state to begin with."""
    torch.manual_seed(1)
    made = random_stack(kind, WIDTH, SIZE)
    inputs = torch.randn(BATCH, TIME, WIDTH, dtype=torch.float64, requires_grad=True)
    parts = 2 if "lstm" in kind or "mogrifier" in kind else 1
    return made, inputs, [torch.randn(BATCH, SIZE, dtype=torch.float64, requires_grad=True) for _ in range(parts)]


@pytest.mark.parametrize("kind", EQUATIONS)
def test_outputs_and_gradients_are_those_of_the_equations(kind: str) -> None:
    made, inputs, state = prepared(kind)
    weights = {name.removeprefix("layers.0.0."): parameter for name, parameter in made.named_parameters()}
    found = made(inputs, torch.ones(BATCH, TIME, dtype=torch.bool), state)
    expected = torch.stack(EQUATIONS[kind](weights, inputs.transpose(0, 1), state), 1)
    torch.testing.assert_close(found.outputs, expected, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(found.state[0], expected[:, -1], rtol=1e-10, atol=1e-12)
    tensors, slopes = [*weights.values(), inputs, *state], torch.randn_like(expected)
    ours, theirs = (torch.autograd.grad((each * slopes).sum(), tensors) for each in (found.outputs, expected))
    for slope, right, name in zip(ours, theirs, [*weights, "inputs", "state", "cells"], strict=False):
        torch.testing.assert_close(slope, right, rtol=1e-8, atol=1e-10, msg=name)


def test_the_gradient_of_the_scan() -> None:
    torch.manual_seed(1)
    decay, inputs = (torch.rand(5, 2, 3, dtype=torch.float64, requires_grad=True) for _ in range(2))
    first = torch.randn(2, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(linear_recurrence, (decay, inputs, first))


def test_the_scan_is_safe_at_any_length() -> None:
    decay = torch.cat([torch.zeros(1000, 1, 2), torch.ones(1000, 1, 2), torch.full((1000, 1, 2), 1e-30)])
    outputs = linear_recurrence(decay, torch.ones(3000, 1, 2), torch.zeros(1, 2))
    assert outputs.isfinite().all()
    assert outputs[1999].tolist() == [[1001.0, 1001.0]]
    assert outputs[-1].tolist() == [[1.0, 1.0]]


@pytest.mark.bf16
@pytest.mark.parametrize("kind", EQUATIONS)
def test_bfloat16_is_near_and_trains(kind: str) -> None:
    made = prepared(kind)[0].float()
    inputs, mask = torch.randn(BATCH, TIME, WIDTH), torch.ones(BATCH, TIME, dtype=torch.bool)
    exact = made(inputs, mask).outputs
    with torch.autocast("cpu", torch.bfloat16, cache_enabled=False):
        near = made(inputs, mask).outputs
    torch.testing.assert_close(near.float(), exact, atol=0.06, rtol=0.06)
    near.float().square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in made.parameters())
