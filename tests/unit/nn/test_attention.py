import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from seqnlp.nn import States
from seqnlp.nn.attention import Additive, Attention, Dot, General, Kind, attention

WIDTH, QUERIES = 6, 3
KINDS = pytest.mark.parametrize("kind", ["additive", "dot", "general"])
LENGTHS = st.lists(st.integers(1, 5), min_size=1, max_size=4)
HEADS = st.sampled_from([1, 2, 3])


def states(lengths: list[int], padding: float = 0.0) -> States:
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    outputs = torch.randn(*mask.shape, WIDTH, dtype=torch.float64)
    return States(outputs.masked_fill(~mask.unsqueeze(-1), padding), mask)


def build(kind: Kind, heads: int = 1) -> Attention:
    return attention(kind, WIDTH, WIDTH, heads).double().eval()


def array(tensor: torch.Tensor) -> NDArray[np.float64]:
    return tensor.detach().numpy()


def strength(layer: Attention, query: NDArray[np.float64], step: NDArray[np.float64], part: slice) -> float:
    """The equations of the papers, for one query and one step of the source; `part` is the head's."""
    if isinstance(layer, Dot):
        return float(query[part] @ step[part])
    if isinstance(layer, General):
        return float(query[part] @ (array(layer.key.weight) @ step)[part])
    assert isinstance(layer, Additive)
    compared = np.tanh(array(layer.query.weight) @ query + array(layer.key.weight) @ step + array(layer.key.bias))
    return float(array(layer.vector)[part] @ compared[part])


@KINDS
@given(lengths=LENGTHS, heads=HEADS, seed=st.integers(0, 50))
def test_the_equations(kind: Kind, lengths: list[int], heads: int, seed: int) -> None:
    torch.manual_seed(seed)
    layer, encoded = build(kind, heads), states(lengths)
    queries = torch.randn(len(lengths), QUERIES, WIDTH, dtype=torch.float64)
    contexts, weights = layer(queries, layer.source(encoded))
    for row, length in enumerate(lengths):
        steps = array(encoded.outputs[row, :length])
        values = steps if layer.value is None else steps @ array(layer.value.weight).T
        for number in range(QUERIES):
            for head in range(heads):
                part = slice(head * WIDTH // heads, (head + 1) * WIDTH // heads)
                query = array(queries[row, number])
                powers = np.exp([strength(layer, query, step, part) for step in steps])
                shares = powers / powers.sum()
                np.testing.assert_allclose(array(weights[row, head, number, :length]), shares, atol=1e-9)
                np.testing.assert_allclose(array(contexts[row, number, part]), shares @ values[:, part], atol=1e-9)


@KINDS
@given(lengths=LENGTHS, heads=HEADS, seed=st.integers(0, 50))
def test_padding_is_never_attended_to(kind: Kind, lengths: list[int], heads: int, seed: int) -> None:
    results = []
    layer = build(kind, heads)
    queries = torch.randn(len(lengths), QUERIES, WIDTH, dtype=torch.float64)
    for padding in 0.0, 1e6, float("nan"):
        torch.manual_seed(seed)
        encoded = states(lengths, padding)
        contexts, weights = layer(queries, layer.source(encoded))
        assert (weights.sum((1, 2)).masked_select(~encoded.mask) == 0).all()
        torch.testing.assert_close(weights.sum(-1), torch.ones_like(weights[..., 0]))
        results.append(contexts)
    assert torch.equal(results[0], results[1])
    assert torch.equal(results[0], results[2])


@KINDS
def test_weights_are_in_full_precision_under_autocast(kind: Kind) -> None:
    layer, encoded = attention(kind, WIDTH, WIDTH), states([3, 2])
    half = States(encoded.outputs.float(), encoded.mask)
    with torch.autocast("cpu", torch.bfloat16):
        contexts, weights = layer(torch.randn(2, QUERIES, WIDTH), layer.source(half))
    assert weights.dtype == torch.float32
    assert contexts.isfinite().all()


def test_widths_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="4 heads: they can't share out 6 features"):
        attention("general", 6, 8, 4)
    with pytest.raises(ValueError, match="the source has 6 features, a query 8"):
        attention("dot", 6, 8)
