"""Tables of vectors: initial weights are drawn where they are needed, and only there."""

import pytest
import torch
from torch import nn

from seqnlp.nn.initial import lookup_table, weights_are_loaded


@pytest.mark.parametrize("bound", [None, 0.1])
def test_a_new_table_is_that_of_torch(bound: float | None) -> None:
    torch.manual_seed(1)
    expected = nn.Embedding(5, 3)
    if bound is not None:
        nn.init.uniform_(expected.weight, -bound, bound)
    torch.manual_seed(1)
    assert torch.equal(lookup_table(5, 3, bound).weight, expected.weight)


def test_nothing_is_drawn_where_weights_are_loaded() -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    with weights_are_loaded():
        table = lookup_table(5, 3, 0.1)
    assert torch.equal(torch.get_rng_state(), before)
    assert table.weight.requires_grad
    assert table.weight.shape == (5, 3)
