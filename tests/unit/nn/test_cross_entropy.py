import pytest
import torch
from torch.nn.functional import cross_entropy

from seqnlp.nn import cross_entropy as module
from seqnlp.nn.cross_entropy import linear_cross_entropy, nats


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK", 40)


def random(kind: torch.dtype) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    shapes = (13, 5), (7, 5), (7,)
    hidden, weight, bias = (torch.randn(shape, dtype=kind, requires_grad=True) for shape in shapes)
    return hidden, weight, bias


TARGET = torch.arange(13) % 7


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
def test_loss_and_gradients(smoothing: float) -> None:
    parts = random(torch.float64)
    hidden, weight, bias = parts
    expected = cross_entropy(hidden @ weight.T + bias, TARGET, reduction="sum", label_smoothing=smoothing)
    torch.testing.assert_close(linear_cross_entropy(hidden, weight, bias, TARGET, smoothing), expected)
    assert torch.autograd.gradcheck(lambda h, w, b: linear_cross_entropy(h, w, b, TARGET, smoothing), parts)


def test_gradients_under_autocast_are_near() -> None:
    parts = random(torch.float32)
    exact = torch.autograd.grad(linear_cross_entropy(*parts, TARGET) / 13, parts)
    with torch.autocast("cpu", torch.bfloat16):
        near = torch.autograd.grad(linear_cross_entropy(*parts, TARGET) / 13, parts)
    for ours, expected in zip(near, exact, strict=True):
        assert ours.dtype == torch.float32
        torch.testing.assert_close(ours, expected, atol=0.01, rtol=0.05)


def test_each_item_on_its_own() -> None:
    hidden, weight, bias = random(torch.float32)
    expected = cross_entropy(hidden @ weight.T + bias, TARGET, reduction="none")
    torch.testing.assert_close(nats(hidden, weight, bias, TARGET), expected.detach())
