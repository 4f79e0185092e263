"""Decoders of forecasts, against numpy and torch's own layers."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from seqnlp.decoders.forecast import ForecastDecoder, ForecastModule, ForecastShape, ForecastTarget, FutureContext
from seqnlp.decoders.forecast.linear import LinearMap, moving_average
from seqnlp.decoders.forecast.outputs import QuantileOutput
from seqnlp.decoders.forecast.recursive import RecursiveModule
from seqnlp.decoders.forecast.segments import SegmentsModule, gated
from seqnlp.nn.encoder import States

KINDS = ["direct", "recursive", "segments", "linear"]
OUTPUTS: list[Any] = ["point", {"kind": "quantiles", "levels": [0.1, 0.5, 0.9]}, "gaussian"]


def shape(channels: int = 2, known: int = 3) -> ForecastShape:
    return ForecastShape(
        width=6, reads_ahead=False, lookback=9, horizon=7, channels=channels, future_covariates=known, series=4
    )


def ahead_of(shape: ForecastShape, batch: int = 5) -> FutureContext:
    size = (batch, shape.channels)
    return FutureContext(
        torch.randn(batch, shape.horizon, shape.future_covariates),
        torch.arange(batch) % shape.series,
        torch.randn(size),
        torch.randn(size),
        torch.rand(size) + 0.5,
    )


def states_of(shape: ForecastShape, batch: int = 5) -> States:
    return States(torch.randn(batch, shape.lookback, shape.width), torch.ones(batch, shape.lookback, dtype=torch.bool))


def built(kind: str, output: Any = "point", **sizes: int) -> tuple[ForecastModule, ForecastShape]:
    torch.manual_seed(0)
    settings = {"kind": kind, "output": output} | ({"segment_length": 3} if kind == "segments" else {})
    named = shape(**sizes)
    return ForecastDecoder.parse(settings).build(named).eval(), named


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize(("channels", "known"), [(1, 0), (2, 3)])
def test_every_decoder_forecasts_and_learns(kind: str, output: Any, channels: int, known: int) -> None:
    module, sizes = built(kind, output, channels=channels, known=known)
    states, future = states_of(sizes), ahead_of(sizes)
    parameters = module.predict(states, future)
    assert parameters.shape == (5, 7, channels, module.output.size)
    values = torch.randn(5, 7, channels)
    observed = torch.rand(values.shape) < 0.7
    loss = module.loss(states, ForecastTarget(values, observed, future))
    assert loss.items == values.numel()
    loss.total.backward()
    assert all(parameter.grad is not None for parameter in module.parameters())
    other = torch.where(observed, values, 1e6)
    again = module.loss(states, ForecastTarget(other, observed, future)).total
    assert again.item() == pytest.approx(loss.total.item())
    expected = module.output.loss(parameters, values)[observed].sum().item()
    assert loss.total.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_shift_and_scale_are_put_on_what_the_network_says(kind: str) -> None:
    module, sizes = built(kind)
    states, future = states_of(sizes), ahead_of(sizes)
    raw = module(states, future)[..., 0]
    expected = raw * future.scale[:, None] + future.shift[:, None]
    torch.testing.assert_close(module.predict(states, future)[..., 0], expected)


def test_recursive_is_step_after_step_with_what_was_said() -> None:
    module, sizes = built("recursive")
    assert isinstance(module, RecursiveModule)
    states, future = states_of(sizes), ahead_of(sizes)
    whole = module(states, future)[..., 0]
    start = states.outputs[:, -1].detach().numpy() @ module.start.weight.detach().numpy().T
    hidden = torch.from_numpy(np.tanh(start + module.start.bias.detach().numpy()))
    value = future.last
    gru = module.get_submodule("cell.layers.0.0.rnn")
    for step in range(sizes.horizon):
        inputs = torch.cat([value, future.covariates[:, step]], 1)
        hidden = gru(inputs[None], hidden[None])[0][0]
        value = module.map(hidden)
        torch.testing.assert_close(whole[:, step], value)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "min_gru", "mogrifier"])
def test_recursive_takes_any_recurrence(cell: str) -> None:
    torch.manual_seed(0)
    sizes = shape()
    module = ForecastDecoder.parse({"kind": "recursive", "cell": cell, "size": 8}).build(sizes).eval()
    states, ahead = states_of(sizes), ahead_of(sizes)
    found = module.predict(states, ahead)
    with torch.inference_mode():
        torch.testing.assert_close(module.predict(states, ahead), found)  # packed steps
    found.sum().backward()
    assert all(parameter.grad is not None for parameter in module.parameters())


def test_a_segment_is_a_step_of_gated_recurrent_units() -> None:
    torch.manual_seed(0)
    cell = nn.GRUCell(4, 6)
    inputs, state = torch.randn(3, 5, 4), torch.randn(3, 1, 6)
    told, remembered = inputs @ cell.weight_ih.T + cell.bias_ih, state @ cell.weight_hh.T + cell.bias_hh
    expected = cell(inputs.flatten(0, 1), state.expand(3, 5, 6).flatten(0, 1)).view(3, 5, 6)
    torch.testing.assert_close(gated(told, remembered, state), expected)


def test_segments_know_their_place_and_their_series() -> None:
    module, sizes = built("segments", channels=1, known=0)
    assert isinstance(module, SegmentsModule)
    states = states_of(sizes, 1)
    states = States(states.outputs.expand(4, -1, -1), states.mask.expand(4, -1))
    found = module(states, ahead_of(sizes, 4))[:, :, 0, 0]
    assert found.shape == (4, 7)
    assert not torch.allclose(found[0], found[1])
    assert not torch.allclose(found[:, :3], found[:, 3:6])


@pytest.mark.parametrize("steps", [1, 4, 5])
def test_the_moving_average_is_that_of_numpy(steps: int) -> None:
    values = torch.randn(2, 3, 11)
    before = (steps - 1) // 2
    found = moving_average(values, steps)
    for row, channel in np.ndindex(2, 3):
        padded = np.pad(values[row, channel].numpy(), (before, steps - 1 - before), "edge")
        expected = [padded[start : start + steps].mean() for start in range(11)]
        np.testing.assert_allclose(found[row, channel].numpy(), expected, rtol=1e-5, atol=1e-6)


def test_the_linear_map_is_two_products() -> None:
    torch.manual_seed(0)
    sizes = shape(channels=2, known=0)
    module = LinearMap(moving_average=5).build(sizes)
    states = states_of(sizes)
    found = module(states, ahead_of(sizes))[..., 0]
    values = states.outputs[..., :2].transpose(1, 2)
    trend = moving_average(values, 5)
    rest, slow = (each for each in module.maps)
    torch.testing.assert_close(found, (rest(values - trend) + slow(trend)).transpose(1, 2))
    assert module.trend == 5


@pytest.mark.parametrize("trend", [0, 5])
def test_individual_maps_are_a_loop_over_series_and_channels(trend: int) -> None:
    torch.manual_seed(0)
    sizes, output = shape(channels=2, known=0), QuantileOutput(levels=[0.1, 0.5, 0.9])
    module = LinearMap(output=output, moving_average=trend, individual=True).build(sizes)
    states, future = states_of(sizes), ahead_of(sizes)
    found = module(states, future)
    maps: Any = module.maps
    for row, channel in np.ndindex(5, 2):
        number = int(future.series[row]) * 2 + channel
        values = states.outputs[row, :, channel]
        slow = moving_average(values[None, None], trend)[0, 0] if trend else values
        parts = [values - slow, slow] if trend else [values]
        said = sum(part @ each.weight[number] + each.bias[number] for part, each in zip(parts, maps, strict=True))
        torch.testing.assert_close(found[row, :, channel], said.view(sizes.horizon, 3))


def test_individual_maps_are_the_same_for_channels_apart_and_together() -> None:
    torch.manual_seed(0)
    together = ForecastShape(
        width=3, reads_ahead=False, lookback=9, horizon=7, channels=3, future_covariates=0, series=1
    )
    apart = ForecastShape(width=1, reads_ahead=False, lookback=9, horizon=7, channels=1, future_covariates=0, series=3)
    joint, alone = (LinearMap(moving_average=5, individual=True).build(each) for each in (together, apart))
    alone.load_state_dict(joint.state_dict())
    states = states_of(together, 4)
    whole = joint(states, ahead_of(together, 4))
    rows = states.outputs.transpose(1, 2).reshape(12, 9, 1)
    found = alone(States(rows, torch.ones(12, 9, dtype=torch.bool)), ahead_of(apart, 12))
    torch.testing.assert_close(found.view(4, 3, 7).transpose(1, 2), whole[..., 0])


@pytest.mark.parametrize("kind", KINDS)
def test_a_window_alone_and_in_a_batch_gives_the_same(kind: str) -> None:
    module, sizes = built(kind)
    states, future = states_of(sizes), ahead_of(sizes)
    whole = module.predict(states, future)
    one = States(states.outputs[2:3], states.mask[2:3])
    alone = FutureContext(
        *(part[2:3] for part in (future.covariates, future.series, future.last, future.shift, future.scale))
    )
    torch.testing.assert_close(module.predict(one, alone), whole[2:3])
