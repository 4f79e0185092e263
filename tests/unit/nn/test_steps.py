"""The one-step path against the layers that it stands in for."""

import itertools

import numpy as np
import pytest
import torch

from seqnlp.nn import steps
from seqnlp.nn.recurrent import Cell, Recurrent
from seqnlp.nn.steps import Steps

TOKENS, BATCH, READ, TIME, SIZE = 11, 3, 4, 9, 16
CELLS: list[Cell] = ["lstm", "gru", "tanh", "relu"]


@pytest.mark.parametrize(
    ("cell", "layers", "residual", "width", "largest"),
    list(itertools.product(CELLS, (1, 3), (False, True), (8, SIZE), (0, 1 << 20))),
)
@pytest.mark.parametrize("batch", [1, BATCH])
def test_steps_are_what_the_layers_compute(
    cell: Cell, layers: int, residual: bool, width: int, largest: int, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "LARGEST_TABLE", largest)
    torch.manual_seed(1)
    recurrent = Recurrent(cell, width, SIZE, layers, residual=residual).eval()
    for parameter in recurrent.parameters():
        torch.nn.init.uniform_(parameter, -0.3, 0.3)
    table, projection = torch.randn(TOKENS, width), torch.randn(5, SIZE) / 4
    weight, bias = torch.randn(TOKENS, 5) / 2, torch.randn(TOKENS)
    index, mask = torch.randint(TOKENS, (batch, TIME)), torch.ones(batch, TIME, dtype=torch.bool)
    with torch.no_grad():
        expected = (recurrent(table[index], mask).outputs @ projection.T @ weight.T + bias).numpy()
        carry = recurrent(table[index[:, :READ]], mask[:, :READ]).carry
    stepping = Steps(table, recurrent, projection, weight, bias, batch)
    stepping.load(carry)
    for time in range(READ, TIME):
        logits = stepping.step(index[:, time].numpy())
        np.testing.assert_allclose(logits, expected[:, time], atol=1e-5, rtol=1e-5)


@pytest.mark.bf16
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("batch", [4, 32])
def test_half_precision_is_near(cell: Cell, batch: int) -> None:
    torch.manual_seed(1)
    recurrent = Recurrent(cell, 8, 32).eval()
    parts = torch.randn(TOKENS, 8), recurrent, None, torch.randn(TOKENS, 32), torch.zeros(TOKENS)
    exact, half = Steps(*parts, batch=batch), Steps(*parts, batch=batch, half=True)
    for token in range(6):
        expected, found = (each.step(np.full(batch, token)) for each in (exact, half))
    assert np.abs(expected - found).max() < 0.05 * np.abs(expected).max()
    assert np.abs(expected - found).max() > 0


def test_a_step_leaves_the_threads_as_they_are() -> None:
    recurrent, threads = Recurrent("lstm", 8, SIZE).eval(), torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        Steps(torch.randn(TOKENS, 8), recurrent, None, torch.randn(TOKENS, SIZE), torch.zeros(TOKENS), 3).step(
            np.array([1, 2, 3])
        )
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(threads)


def test_texts_can_be_dropped_and_doubled() -> None:
    torch.manual_seed(1)
    recurrent = Recurrent("lstm", 8, SIZE, layers=2).eval()
    stepping = Steps(torch.randn(TOKENS, 8), recurrent, None, torch.randn(TOKENS, SIZE), torch.zeros(TOKENS), 3)
    stepping.step(np.array([1, 2, 3]))
    before = stepping.step(np.array([4, 5, 6])).copy()
    stepping.step(np.array([1, 2, 3]))
    kept = [[own.copy() for own in layer.state] for layer in stepping.layers]
    stepping.keep(np.array([2, 2, 0]))
    for layer, old in zip(stepping.layers, kept, strict=True):
        for own, was in zip(layer.state, old, strict=True):
            np.testing.assert_array_equal(own, was[[2, 2, 0]])
    assert before.shape == (3, TOKENS)
