import pytest
import torch
from torch import nn

from seqnlp.nn.single_step import cell, product

KINDS = pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])


@KINDS
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("learning", [True, False])
@pytest.mark.parametrize("rows", [1, 3, 80])
def test_steps_are_those_of_the_layer(kind: type[nn.RNNBase], dtype: torch.dtype, learning: bool, rows: int) -> None:
    torch.manual_seed(1)
    layer = kind(5, 4).to(dtype)
    inputs = torch.randn(6, rows, 5, dtype=dtype)
    expected, _ = layer(inputs)
    with torch.set_grad_enabled(learning):
        one, state = cell(layer), [torch.zeros(rows, 4, dtype=dtype)] * (2 if kind is nn.LSTM else 1)
        for step, outputs in zip(inputs, expected, strict=True):
            state = one.step(step, state)
            torch.testing.assert_close(state[0], outputs, atol=1e-5, rtol=1e-5)
    assert state[0].requires_grad == learning


@KINDS
def test_gradients_are_those_of_the_layer(kind: type[nn.RNNBase]) -> None:
    torch.manual_seed(1)
    layer = kind(5, 4).double()
    inputs = torch.randn(6, 3, 5, dtype=torch.float64)
    expected = torch.autograd.grad(layer(inputs)[0].pow(2).sum(), list(layer.parameters()))
    one, state = cell(layer), [torch.zeros(3, 4, dtype=torch.float64)] * (2 if kind is nn.LSTM else 1)
    total = torch.zeros((), dtype=torch.float64)
    for step in inputs:
        state = one.step(step, state)
        total = total + state[0].pow(2).sum()
    for ours, theirs in zip(torch.autograd.grad(total, list(layer.parameters())), expected, strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("rows", [1, 7, 200])
def test_products_without_gradients_are_as_exact(rows: int) -> None:
    torch.manual_seed(1)
    weight, bias, inputs = torch.randn(33, 17), torch.randn(33), torch.randn(rows, 17)
    expected = (inputs.double() @ weight.double().T + bias).float()
    with torch.inference_mode():
        torch.testing.assert_close(product(weight, bias)(inputs), expected)
        torch.testing.assert_close(product(weight, None)(inputs), (expected - bias), atol=1e-5, rtol=1e-5)


def test_products_under_autocast_are_near() -> None:
    torch.manual_seed(1)
    weight, bias, inputs = torch.randn(33, 17), torch.randn(33), torch.randn(5, 17)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        near = product(weight, bias)(inputs)
    assert near.dtype == torch.bfloat16
    torch.testing.assert_close(near.float(), inputs @ weight.T + bias, atol=0.2, rtol=0.02)
