"""Several linear maps at once, against a loop over the rows."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.nn.several_linear import SeveralLinear, places


@given(st.lists(st.integers(0, 4), min_size=1, max_size=12))
def test_each_row_goes_through_its_own_map(which: list[int]) -> None:
    torch.manual_seed(0)
    layer = SeveralLinear(5, 4, 3).double()
    values = torch.randn(len(which), 4, dtype=torch.float64, requires_grad=True)
    found = layer(values, torch.tensor(which))
    rows = [row @ layer.weight[number] + layer.bias[number] for row, number in zip(values, which, strict=True)]
    expected = torch.stack(rows)
    torch.testing.assert_close(found, expected)
    leaves = (values, layer.weight, layer.bias)
    upstream = torch.randn_like(found)
    for left, right in zip(
        torch.autograd.grad(found, leaves, upstream), torch.autograd.grad(expected, leaves, upstream), strict=True
    ):
        torch.testing.assert_close(left, right)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=12))
def test_places_count_the_rows_before(which: list[int]) -> None:
    _, group, counts = torch.tensor(which).unique(return_inverse=True, return_counts=True)
    assert places(group, counts).tolist() == [which[:row].count(number) for row, number in enumerate(which)]


def test_its_weights_are_spread_as_those_of_torch() -> None:
    torch.manual_seed(0)
    layer, one = SeveralLinear(8, 100, 60), torch.nn.Linear(100, 60)
    assert layer.weight.abs().max() <= 0.1
    assert abs(layer.weight.std().item() / one.weight.std().item() - 1) < 0.05
    assert layer.bias.abs().max() <= 0.1
