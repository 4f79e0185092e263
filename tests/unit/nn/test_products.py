"""Products in every form that they have, against the plain one."""

import numpy as np
import pytest
import torch

from seqnlp.nn import products
from seqnlp.nn.products import LEAST_ROWS, product

INPUTS, OUTPUTS = 32, 48


def error(rows: int, half: bool, bounded: bool) -> float:
    """The largest one, of several products that share their arrays, as part of the norm of the output's weights."""
    torch.manual_seed(1)
    weight = torch.randn(OUTPUTS, INPUTS) * torch.logspace(-2, 1, OUTPUTS)[:, None]
    source, result = np.zeros((rows, INPUTS), np.float32), np.zeros((rows, OUTPUTS), np.float32)
    multiply, worst = product(weight, source, result, half, bounded), 0.0
    for _ in range(3):
        source[:] = np.random.default_rng(1).uniform(-1, 1, source.shape)
        source[0, :2] = 1, -1
        multiply()
        expected = source.astype(np.float64) @ weight.double().numpy().T
        worst = max(worst, float((np.abs(result - expected) / weight.norm(dim=1).numpy()).max()))
    return worst


@pytest.mark.parametrize("rows", [1, 2, LEAST_ROWS, 64])
@pytest.mark.parametrize("bounded", [False, True])
def test_float32_is_exact(rows: int, bounded: bool) -> None:
    assert error(rows, False, bounded) < 1e-5


def test_one_row_is_exact() -> None:
    assert error(1, True, True) < 1e-5


@pytest.mark.bf16
@pytest.mark.parametrize("rows", [2, LEAST_ROWS, 64])
def test_fewer_bits_are_near(rows: int) -> None:
    assert 1e-5 < error(rows, True, False) < 0.01
    assert 1e-5 < error(rows, True, True) < 0.02


def test_numbers_of_any_size_are_never_multiplied_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "_in_bytes", lambda *_: pytest.fail("in bytes"))
    error(64, True, False)
    error(LEAST_ROWS - 1, True, True)
    error(64, False, True)


def test_without_onednn_all_is_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    assert error(64, True, True) < 1e-5


def test_without_bf16_all_but_bytes_is_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "has_bf16", lambda: False)
    assert error(64, True, False) < 1e-5
