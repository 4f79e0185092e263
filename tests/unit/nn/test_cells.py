"""Each recurrence against its textbook equations, written out in numpy in float64."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.unit.nn.layers import layers_of, random_stack, stack

Array = NDArray[np.float64]
Weights = dict[str, Array]


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def relu(x: Array) -> Array:
    return np.maximum(x, 0)


def elman(f: Callable[[Array], Array]) -> Callable[[Weights, Array], Array]:
    def run(w: Weights, x: Array) -> Array:
        """h_t = f(W_xh x_t + b_xh + W_hh h_{t-1} + b_hh)"""
        h, outputs = np.zeros(w["hh"].shape[1]), []
        for x_t in x:
            h = f(w["xh"] @ x_t + w["b_xh"] + w["hh"] @ h + w["b_hh"])
            outputs.append(h)
        return np.array(outputs)

    return run


def gru(w: Weights, x: Array) -> Array:
    """r, z: reset and update gates; n: the candidate. The reset gate comes after the product, as in cuDNN."""
    w_r, w_z, w_n = np.split(w["xh"], 3)
    u_r, u_z, u_n = np.split(w["hh"], 3)
    b_r, b_z, b_n = np.split(w["b_xh"], 3)
    c_r, c_z, c_n = np.split(w["b_hh"], 3)
    h, outputs = np.zeros(u_r.shape[1]), []
    for x_t in x:
        r = sigmoid(w_r @ x_t + b_r + u_r @ h + c_r)
        z = sigmoid(w_z @ x_t + b_z + u_z @ h + c_z)
        n = np.tanh(w_n @ x_t + b_n + r * (u_n @ h + c_n))
        h = (1 - z) * n + z * h
        outputs.append(h)
    return np.array(outputs)


def lstm(w: Weights, x: Array) -> Array:
    """i, f, o: input, forget and output gates; g: the candidate; c: the cell."""
    w_i, w_f, w_g, w_o = np.split(w["xh"], 4)
    u_i, u_f, u_g, u_o = np.split(w["hh"], 4)
    b_i, b_f, b_g, b_o = np.split(w["b_xh"] + w["b_hh"], 4)
    h, c, outputs = np.zeros(u_i.shape[1]), np.zeros(u_i.shape[1]), []
    for x_t in x:
        i = sigmoid(w_i @ x_t + u_i @ h + b_i)
        f = sigmoid(w_f @ x_t + u_f @ h + b_f)
        g = np.tanh(w_g @ x_t + u_g @ h + b_g)
        o = sigmoid(w_o @ x_t + u_o @ h + b_o)
        c = f * c + i * g
        h = o * np.tanh(c)
        outputs.append(h)
    return np.array(outputs)


EQUATIONS: dict[str, Callable[[Weights, Array], Array]] = {
    "tanh": elman(np.tanh),
    "relu": elman(relu),
    "gru": gru,
    "lstm": lstm,
}


def weights(layer: torch.nn.Module) -> Weights:
    names = {"xh": "rnn.weight_ih_l0", "hh": "rnn.weight_hh_l0", "b_xh": "rnn.bias_ih_l0", "b_hh": "rnn.bias_hh_l0"}
    return {short: layer.get_parameter(name).detach().numpy() for short, name in names.items()}


@pytest.mark.parametrize("cell", list(EQUATIONS))
def test_the_equations(cell: str) -> None:
    torch.manual_seed(1)
    recurrent = random_stack(cell)
    inputs = torch.randn(2, 7, 3, dtype=torch.float64)
    outputs = recurrent(inputs, torch.ones(2, 7, dtype=torch.bool)).outputs
    (layer,) = layers_of(recurrent)[0]
    for sequence, output in zip(inputs, outputs, strict=True):
        expected = EQUATIONS[cell](weights(layer), sequence.numpy())
        np.testing.assert_allclose(output.detach().numpy(), expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("cell", list(EQUATIONS))
def test_the_equations_in_both_directions_and_two_layers(cell: str) -> None:
    torch.manual_seed(2)
    recurrent = random_stack(cell, layers=2, bidirectional=True)
    inputs = torch.randn(1, 6, 3, dtype=torch.float64)
    outputs = recurrent(inputs, torch.ones(1, 6, dtype=torch.bool)).outputs
    expected = inputs[0].numpy()
    for forward, backward in layers_of(recurrent):
        ahead = EQUATIONS[cell](weights(forward), expected)
        behind = EQUATIONS[cell](weights(backward), expected[::-1])[::-1]
        expected = np.concatenate([ahead, behind], axis=1)
    np.testing.assert_allclose(outputs[0].detach().numpy(), expected, rtol=1e-12, atol=1e-13)


def test_fresh_weights_are_orthogonal_and_an_lstm_remembers_at_first() -> None:
    torch.manual_seed(3)
    (layer,) = layers_of(stack("lstm", 5, 6))[0]
    for gate in layer.get_parameter("rnn.weight_hh_l0").split(6):
        torch.testing.assert_close(gate @ gate.T, torch.eye(6), atol=1e-5, rtol=0)
    bias = layer.get_parameter("rnn.bias_ih_l0") + layer.get_parameter("rnn.bias_hh_l0")
    assert bias.tolist() == [0.0] * 6 + [1.0] * 6 + [0.0] * 12
