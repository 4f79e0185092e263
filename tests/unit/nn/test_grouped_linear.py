"""Several linear maps at once, against a loop over the rows."""

from typing import Any

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from seqnlp.nn.grouped_linear import GroupedLinear


@given(st.lists(st.integers(0, 4), min_size=1, max_size=12))
def test_each_row_goes_through_its_own_map(which: list[int]) -> None:
    torch.manual_seed(0)
    layer = GroupedLinear(5, 4, 3).double()
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


def test_maps_with_as_many_rows_are_one_product() -> None:
    class Products(TorchDispatchMode):
        """Counts the batched products."""

        number = 0

        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            self.number += func is torch.ops.aten.baddbmm.default
            return func(*args, **(kwargs or {}))

    layer = GroupedLinear(8, 4, 3)
    with Products() as products:
        layer(torch.randn(7 * 32, 4), torch.arange(7).repeat(32))
    assert products.number == 1


def test_a_map_with_many_rows_makes_the_others_no_longer() -> None:
    class Largest(TorchDispatchMode):
        """Notes the size of the largest tensor that is made."""

        size = 0

        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            made = func(*args, **(kwargs or {}))
            if isinstance(made, torch.Tensor):
                self.size = max(self.size, made.numel())
            return made

    which = torch.cat([torch.arange(100), torch.full((300,), 7)])
    layer, values = GroupedLinear(100, 4, 3), torch.randn(len(which), 4, requires_grad=True)
    with Largest() as largest:
        layer(values, which).sum().backward()
    assert largest.size == values.numel()


def test_its_weights_are_spread_as_those_of_torch() -> None:
    torch.manual_seed(0)
    layer, one = GroupedLinear(8, 100, 60), torch.nn.Linear(100, 60)
    assert layer.weight.abs().max() <= 0.1
    assert abs(layer.weight.std().item() / one.weight.std().item() - 1) < 0.05
    assert layer.bias.abs().max() <= 0.1
