import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.nn import States
from seqnlp.nn.pooling import Attention, Concat, LastStep, Max, Mean, Pooling, Sum

WIDTH = 4
KINDS = {
    "last": LastStep(WIDTH, both_ends=False),
    "ends": LastStep(WIDTH, both_ends=True),
    "sum": Sum(WIDTH),
    "mean": Mean(WIDTH),
    "max": Max(WIDTH),
    "concat": Concat(WIDTH, both_ends=False),
    "concat of both directions": Concat(WIDTH, both_ends=True),
    "attention": Attention(WIDTH, 3).double(),
}
EACH = pytest.mark.parametrize("pooling", KINDS.values(), ids=KINDS)
LENGTHS = st.lists(st.integers(1, 6), min_size=1, max_size=5)


def states(lengths: list[int], padding: float = 0.0) -> States:
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    outputs = torch.randn(*mask.shape, WIDTH, dtype=torch.float64)
    return States(outputs.masked_fill(~mask[..., None], padding), mask)


@EACH
@given(lengths=LENGTHS, padding=st.sampled_from([0.0, 1e6, -1e6, float("nan"), float("inf")]))
def test_nothing_of_the_padding_leaks_in(pooling: Pooling, lengths: list[int], padding: float) -> None:
    batch = states(lengths, padding)
    pooled = pooling(batch)
    assert pooled.vectors.shape == (len(lengths), pooling.width)
    for row, length in enumerate(lengths):
        alone = pooling(States(batch.outputs[row : row + 1, :length], batch.mask[row : row + 1, :length]))
        torch.testing.assert_close(pooled.vectors[row], alone.vectors[0])


@EACH
def test_no_gradient_reaches_the_padding(pooling: Pooling) -> None:
    batch = states([2, 4])
    outputs = batch.outputs.requires_grad_()
    pooling(States(outputs, batch.mask)).vectors.sum().backward()
    assert outputs.grad is not None
    assert not outputs.grad[0, 2:].any()
    assert outputs.grad[0].any()
    assert outputs.grad[1].any()


@given(lengths=LENGTHS)
def test_what_each_kind_computes(lengths: list[int]) -> None:
    batch = states(lengths)
    found = {name: pooling(batch).vectors for name, pooling in KINDS.items()}
    for row, length in enumerate(lengths):
        steps = batch.outputs[row, :length]
        torch.testing.assert_close(found["last"][row], steps[-1])
        torch.testing.assert_close(found["ends"][row], torch.cat([steps[-1], steps[0]]))
        torch.testing.assert_close(found["sum"][row], steps.sum(0))
        torch.testing.assert_close(found["mean"][row], steps.mean(0))
        torch.testing.assert_close(found["max"][row], steps.amax(0))
        torch.testing.assert_close(found["concat"][row], torch.cat([steps[-1], steps.amax(0), steps.mean(0)]))


@given(lengths=LENGTHS)
def test_the_weights_of_attention_sum_to_one_over_real_steps(lengths: list[int]) -> None:
    batch = states(lengths)
    pooled = KINDS["attention"](batch)
    assert pooled.weights is not None
    torch.testing.assert_close(pooled.weights.sum(1), torch.ones(len(lengths)))
    assert not pooled.weights[~batch.mask].any()
    assert (pooled.weights[batch.mask] > 0).all()
    mean = (pooled.weights.double()[..., None] * batch.outputs).sum(1)
    torch.testing.assert_close(pooled.vectors, mean)
