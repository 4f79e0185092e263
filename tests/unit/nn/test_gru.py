"""Gated recurrent units with a backward pass of their own, against torch's and finite differences."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from seqnlp.nn.recurrent.gru import ROWS, gru, trains_in_float32

SIZES = st.integers(1, 9)


def drawn(*shape: int, seed: int, kind: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=kind).requires_grad_()


def weights_of(width: int, size: int, kind: torch.dtype = torch.float32) -> list[Tensor]:
    shapes = [(3 * size, width), (3 * size, size), (3 * size,), (3 * size,)]
    return [drawn(*shape, seed=10 + number, kind=kind) for number, shape in enumerate(shapes)]


@given(time=SIZES, batch=SIZES | st.integers(ROWS, 3 * ROWS), width=SIZES, size=SIZES)
@settings(max_examples=40, deadline=None)
def test_states_and_gradients_are_those_of_torch(time: int, batch: int, width: int, size: int) -> None:
    steps, state = drawn(time, batch, width, seed=1), drawn(batch, size, seed=2)
    weights = weights_of(width, size)
    leaves = [steps, state, *weights]
    allowed = 2e-6 if batch < ROWS else 1e-5  # sums of many rows are rounded more
    by_outputs, by_last = drawn(time, batch, size, seed=3).detach(), drawn(batch, size, seed=4).detach()
    right, right_last = torch.gru(steps, state[None], weights, True, 1, 0.0, True, False, False)
    wanted = torch.autograd.grad([right, right_last[0]], leaves, [by_outputs, by_last])
    found, last = gru(steps, state, weights)
    slopes = torch.autograd.grad([found, last], leaves, [by_outputs, by_last])
    torch.testing.assert_close(found, right, atol=allowed, rtol=1e-5)
    torch.testing.assert_close(last, right_last[0], atol=allowed, rtol=1e-5)
    for slope, expected in zip(slopes, wanted, strict=True):
        scale = max(1.0, expected.abs().max().item())
        torch.testing.assert_close(slope / scale, expected / scale, atol=allowed, rtol=0)


def test_gradients_are_those_of_finite_differences() -> None:
    kind = torch.float64
    steps, state, weights = drawn(4, 2, 3, seed=1, kind=kind), drawn(2, 5, seed=2, kind=kind), weights_of(3, 5, kind)
    assert torch.autograd.gradcheck(
        lambda *leaves: gru(leaves[0], leaves[1], list(leaves[2:])), (steps, state, *weights)
    )


def test_inputs_without_a_gradient_get_none() -> None:
    steps, state = drawn(3, 2, 4, seed=1).detach(), drawn(2, 5, seed=2).detach()
    outputs, _ = gru(steps, state, weights_of(4, 5))
    outputs.sum().backward()
    assert steps.grad is None


@pytest.mark.parametrize(
    ("enabled", "kind", "expected"), [(True, None, True), (False, None, False), (True, torch.bfloat16, False)]
)
def test_torch_serves_whatever_is_no_training_in_float32(
    enabled: bool, kind: torch.dtype | None, expected: bool
) -> None:
    with torch.set_grad_enabled(enabled), torch.autocast("cpu", kind or torch.bfloat16, enabled=kind is not None):
        assert trains_in_float32(torch.zeros(1)) is expected


def test_the_layer_trained_is_the_layer_evaluated() -> None:
    from seqnlp.nn.recurrent.layers import GruLayer

    layer = GruLayer(6, 7)
    steps = drawn(5, 3, 6, seed=1).detach()
    trained, [last] = layer(steps, None)
    with torch.no_grad():
        evaluated, [after] = layer(steps, None)
    torch.testing.assert_close(trained, evaluated, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(last, after, atol=1e-6, rtol=1e-5)
    assert isinstance(layer.rnn, nn.GRU)
