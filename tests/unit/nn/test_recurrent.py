"""Stacks of layers against those of torch.nn, and what padding and carried states must not change."""

from itertools import pairwise
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from seqnlp.nn import RecurrentStack
from seqnlp.nn.device import CPU
from seqnlp.nn.dropout import generator, seed_thread
from tests.unit.nn.layers import DROPPING, LAYERS, OF_TORCH, layers_of, random_stack, stack

CELLS = list(LAYERS)
LENGTHS = [5, 1, 7, 3]


def torch_layers(recurrent: RecurrentStack, cell: str, width: int) -> nn.RNNBase:
    """The same network as one module of torch's, with the weights copied."""
    settings: dict[str, Any] = {
        "num_layers": len(recurrent.layers),
        "bidirectional": recurrent.directions == 2,
        "batch_first": True,
        "dtype": torch.float64,
    }
    layers: nn.RNNBase
    if cell == "lstm":
        layers = nn.LSTM(width, recurrent.width // recurrent.directions, **settings)
    elif cell == "gru":
        layers = nn.GRU(width, recurrent.width // recurrent.directions, **settings)
    else:
        layers = nn.RNN(width, recurrent.width // recurrent.directions, nonlinearity=cell, **settings)
    with torch.no_grad():
        for number, layer in enumerate(layers_of(recurrent)):
            for direction, suffix in zip(layer, ("", "_reverse"), strict=False):
                for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                    theirs = layers.get_parameter(f"{name}_l{number}{suffix}")
                    theirs.copy_(direction.get_parameter(f"rnn.{name}_l0"))
    return layers


def padded(lengths: list[int], width: int, garbage: float = 0.0) -> tuple[Tensor, Tensor]:
    """Random sequences side by side, and their mask; what stands at padded steps is `garbage`."""
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    inputs = torch.randn(*mask.shape, width, dtype=torch.float64)
    return inputs.masked_fill(~mask[:, :, None], garbage), mask


@pytest.mark.parametrize(
    ("cell", "bidirectional", "layers"),
    [("tanh", False, 3), ("relu", True, 1), ("gru", True, 3), ("gru", False, 1), ("lstm", True, 3), ("lstm", False, 1)],
)
def test_a_batch_equals_torch_on_each_sequence_alone(cell: str, bidirectional: bool, layers: int) -> None:
    torch.manual_seed(1)
    recurrent = random_stack(cell, layers=layers, bidirectional=bidirectional)
    theirs = torch_layers(recurrent, cell, 3)
    inputs, mask = padded(LENGTHS, 3)
    outputs = recurrent(inputs, mask).outputs
    assert outputs.shape == (4, 7, recurrent.width)
    for row, length in enumerate(LENGTHS):
        expected, _ = theirs(inputs[row : row + 1, :length])
        torch.testing.assert_close(outputs[row, :length], expected[0], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("cell", OF_TORCH)
def test_gradients_equal_those_of_torch(cell: str) -> None:
    torch.manual_seed(2)
    recurrent = random_stack(cell, layers=2, bidirectional=True)
    theirs = torch_layers(recurrent, cell, 3)
    inputs, mask = padded(LENGTHS, 3)
    weights = torch.randn(4, 7, recurrent.width, dtype=torch.float64)
    (recurrent(inputs, mask).outputs * weights)[mask].sum().backward()
    for row, length in enumerate(LENGTHS):
        (theirs(inputs[row : row + 1, :length])[0][0] * weights[row, :length]).sum().backward()
    for number, layer in enumerate(layers_of(recurrent)):
        for direction, suffix in zip(layer, ("", "_reverse"), strict=True):
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                ours = direction.get_parameter(f"rnn.{name}_l0").grad
                expected = theirs.get_parameter(f"{name}_l{number}{suffix}").grad
                torch.testing.assert_close(ours, expected, rtol=1e-9, atol=1e-11)


@given(
    st.sampled_from(CELLS),
    st.lists(st.integers(1, 6), min_size=2, max_size=5),
    st.integers(1, 3),
    st.booleans(),
    st.booleans(),
)
def test_padding_never_changes_a_result(
    cell: str, lengths: list[int], layers: int, bidirectional: bool, residual: bool
) -> None:
    torch.manual_seed(sum(lengths))
    recurrent = random_stack(cell, 4, 4, layers=layers, bidirectional=bidirectional, residual=residual)
    inputs, mask = padded(lengths, 4, garbage=1e6)
    inputs.requires_grad_()
    outputs = recurrent(inputs, mask).outputs
    (together,) = torch.autograd.grad(outputs[mask].square().sum(), inputs)
    assert not together[~mask].any()
    for row, length in enumerate(lengths):
        single = inputs[row : row + 1, :length]
        alone = recurrent(single, mask[row : row + 1, :length]).outputs
        (gradient,) = torch.autograd.grad(alone.square().sum(), single)
        torch.testing.assert_close(outputs[row, :length], alone[0])
        torch.testing.assert_close(together[row, :length], gradient[0])


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2])
def test_two_halves_with_the_state_carried_equal_the_whole(cell: str, layers: int) -> None:
    torch.manual_seed(3)
    recurrent = random_stack(cell, layers=layers)
    inputs, mask = padded([8, 8], 3)
    whole = recurrent(inputs, mask)
    first = recurrent(inputs[:, :5], mask[:, :5])
    second = recurrent(inputs[:, 5:], mask[:, 5:], first.state)
    torch.testing.assert_close(torch.cat([first.outputs, second.outputs], 1), whole.outputs)
    assert len(whole.state) == layers * (2 if "lstm" in cell or "mogrifier" in cell else 1)
    for ours, expected in zip(second.state, whole.state, strict=True):
        torch.testing.assert_close(ours, expected)


def test_residual_adds_the_input_where_the_widths_agree() -> None:
    torch.manual_seed(4)
    plain = random_stack("gru", 3, 4, layers=3)
    residual = random_stack("gru", 3, 4, layers=3, residual=True)
    residual.load_state_dict(plain.state_dict())
    inputs, mask = padded([5, 2], 3)
    steps = inputs
    for number, layer in enumerate(layers_of(plain)):
        outputs = layer[0](steps.transpose(0, 1), None)[0].transpose(0, 1)
        steps = outputs if number == 0 else outputs + steps  # 3 features become 4 in the first layer
    torch.testing.assert_close(residual(inputs, mask).outputs, steps)
    assert not torch.allclose(plain(inputs, mask).outputs, steps)


def test_residual_reaches_the_first_layer_too() -> None:
    torch.manual_seed(5)
    plain = random_stack("gru", 4, 4)
    residual = random_stack("gru", 4, 4, residual=True)
    residual.load_state_dict(plain.state_dict())
    inputs, mask = padded([5, 2], 4)
    torch.testing.assert_close(residual(inputs, mask).outputs, plain(inputs, mask).outputs + inputs)


def test_dropout_stands_between_layers_only() -> None:
    torch.manual_seed(6)
    inputs, mask = padded([5, 2], 3)
    single = random_stack("gru", dropout=0.5).train()
    torch.testing.assert_close(single(inputs, mask).outputs, single(inputs, mask).outputs, rtol=0, atol=0)
    double = random_stack("gru", layers=2, dropout=0.5).train()
    runs = [double(inputs, mask).outputs for _ in range(3)]
    assert any(not torch.equal(one, other) for one, other in pairwise(runs))
    double.eval()
    torch.testing.assert_close(double(inputs, mask).outputs, double(inputs, mask).outputs, rtol=0, atol=0)


def test_shapes_are_checked_in_tests() -> None:
    recurrent = random_stack("gru")
    with pytest.raises(TypeError, match="batch time"):
        recurrent(torch.zeros(2, 5, 3, dtype=torch.float64), torch.ones(2, 4, dtype=torch.bool))


@pytest.mark.parametrize("cell", OF_TORCH)
def test_weight_drop_takes_recurrent_weights_away_while_training(cell: str) -> None:
    torch.manual_seed(1)
    dropped, plain = stack(cell, kind_settings={"weight_drop": 0.5}), stack(cell)
    plain.load_state_dict(dropped.state_dict())
    inputs, mask = torch.randn(2, 6, 3), torch.ones(2, 6, dtype=torch.bool)
    torch.testing.assert_close(dropped.eval()(inputs, mask).outputs, plain.eval()(inputs, mask).outputs)
    dropped.train()
    seed_thread(1)
    first = dropped(inputs, mask)
    seed_thread(1)
    kept = torch.empty(len(layers_of(plain)[0][0].rnn.weight_hh_l0), 4).bernoulli_(0.5, generator=generator(CPU))
    layers_of(plain)[0][0].rnn.weight_hh_l0.data *= kept * 2
    expected = plain(inputs, mask)
    torch.testing.assert_close(first.outputs, expected.outputs)
    torch.testing.assert_close(first.state, expected.state)
    first.outputs.sum().backward()
    gradient = layers_of(dropped)[0][0].rnn.weight_hh_l0.grad
    assert gradient is not None
    assert torch.equal(gradient[kept == 0], torch.zeros(int((kept == 0).sum())))
    assert gradient.abs().sum() > 0


@pytest.mark.parametrize("cell", [kind for kind in DROPPING if kind not in OF_TORCH])
def test_weight_drop_is_for_training_alone(cell: str) -> None:
    torch.manual_seed(1)
    recurrent = random_stack(cell, kind_settings={"weight_drop": 0.5})
    inputs, mask = padded([6, 4], 3)
    exact = [recurrent(inputs, mask).outputs for _ in range(2)]
    torch.testing.assert_close(exact[0], exact[1], rtol=0, atol=0)
    recurrent.train()
    seed_thread(1)
    first = recurrent(inputs, mask).outputs
    assert not torch.allclose(first, recurrent(inputs, mask).outputs)
    seed_thread(1)
    torch.testing.assert_close(recurrent(inputs, mask).outputs, first, rtol=0, atol=0)
