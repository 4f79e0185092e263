import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.autograd import gradcheck

from seqnlp.nn.padding import reversal, reverse

LENGTHS = st.lists(st.integers(1, 6), min_size=1, max_size=5)


def mask_of(lengths: list[int]) -> torch.Tensor:
    return torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]


@given(LENGTHS)
def test_each_sequence_is_turned_round_within_its_own_length(lengths: list[int]) -> None:
    mask = mask_of(lengths)
    inputs = torch.randn(max(lengths), len(lengths), 2)
    turned = reverse(inputs, reversal(mask))
    for row, length in enumerate(lengths):
        assert torch.equal(turned[:length, row], inputs[:length, row].flip(0))
        assert torch.equal(turned[length:, row], inputs[length:, row])


@given(LENGTHS)
def test_turning_round_twice_changes_nothing(lengths: list[int]) -> None:
    order = reversal(mask_of(lengths))
    assert sorted(order.tolist()) == list(range(len(order)))
    assert torch.equal(order[order], torch.arange(len(order)))


def test_the_gradient_is_turned_back() -> None:
    order = reversal(mask_of([4, 1, 3]))
    inputs = torch.randn(4, 3, 2, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda each: reverse(each, order).square(), [inputs])
