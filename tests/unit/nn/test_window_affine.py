"""The learned map of windows, against the equations of Kim et al. (2022), and its way back."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.decoders.forecast import ForecastDecoder, ForecastModule, ForecastShape, FutureContext
from seqnlp.embeddings.series import SeriesBatch, SeriesEmbedder
from seqnlp.nn.distributions import SMALLEST, Distribution, Gaussian, Point, QuantileGrid
from seqnlp.nn.encoder import States
from seqnlp.nn.window_affine import WindowAffine

SERIES, CHANNELS, LOOK, HORIZON = 4, 2, 9, 3
OUTPUTS: list[Any] = ["point", {"kind": "quantiles", "levels": [0.1, 0.5, 0.9]}, "gaussian"]


def learned(spread: float = 1.0) -> WindowAffine:
    affine = WindowAffine(SERIES, CHANNELS)
    torch.nn.init.normal_(affine.log_gamma, std=spread)
    torch.nn.init.normal_(affine.beta, std=spread)
    return affine


def decoder(kind: str, output: Any = "point", affine: WindowAffine | None = None) -> ForecastModule:
    shape = ForecastShape(CHANNELS + 1, False, LOOK, HORIZON, CHANNELS, future_covariates=1, series=SERIES)
    settings = {"kind": kind, "output": output} | ({"segment_length": HORIZON} if kind == "segments" else {})
    module = ForecastDecoder.parse(settings).build(shape).eval()
    module.affine = affine
    return module


def a_window(batch: int = 5) -> tuple[SeriesBatch, FutureContext]:
    size = (batch, CHANNELS)
    series = torch.arange(batch) % SERIES
    known, last, shift, scale = torch.randn(batch, HORIZON, 1), torch.randn(size), torch.randn(size), torch.rand(size)
    steps = torch.randn(batch, LOOK, CHANNELS + 1)  # one more feature, which is no value
    return SeriesBatch(steps, series, 1), FutureContext(known, series, last, shift, scale + 0.5)


def test_it_begins_as_no_map_at_all() -> None:
    affine, (batch, future) = WindowAffine(SERIES, CHANNELS), a_window()
    values = batch.steps[..., :CHANNELS]
    torch.testing.assert_close(affine(values, batch.series), values, rtol=0, atol=0)
    shift, scale = affine.back(future.shift, future.scale, future.series)
    torch.testing.assert_close(shift, future.shift, rtol=0, atol=0)
    torch.testing.assert_close(scale, future.scale, rtol=0, atol=0)


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_forecast_is_that_of_the_paper(output: Any) -> None:
    """(x - mean) / deviation, gamma and beta, the network, and all that backwards."""
    torch.manual_seed(0)
    affine, (batch, future) = learned(), a_window()
    module = decoder("linear", output, affine)
    embedder = SeriesEmbedder(CHANNELS + 1, 1, None, 0.0)
    embedder.affine = affine
    embedded = embedder(batch)
    gamma, beta = affine.log_gamma.detach().exp().numpy()[future.series], affine.beta.detach().numpy()[future.series]
    seen = batch.steps.numpy().copy()
    seen[..., :CHANNELS] = gamma[:, None] * seen[..., :CHANNELS] + beta[:, None]
    np.testing.assert_allclose(embedded.detach().numpy(), seen, rtol=1e-5, atol=1e-6)
    states = States(torch.from_numpy(seen), batch.mask)
    said = module(states, future).detach().double().numpy()
    shift, scale = (part.numpy()[:, None] for part in (future.shift, future.scale))
    where = (said - beta[:, None, :, None]) / gamma[:, None, :, None] * scale[..., None] + shift[..., None]
    if output == "gaussian":  # a deviation is divided and multiplied, but not moved
        where[..., 1] = (np.log1p(np.exp(said[..., 1])) + SMALLEST) / gamma[:, None] * scale
    np.testing.assert_allclose(module.predict(states, future).detach().numpy(), where, rtol=1e-4, atol=1e-5)


@given(st.integers(0, 99), st.floats(-3, 3), st.floats(-50, 50), st.floats(-50, 50), st.floats(0.01, 100))
def test_the_way_back_is_exact(seed: int, log_gamma: float, beta: float, shift: float, scale: float) -> None:
    values = torch.randn(4, 6, CHANNELS, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    affine = WindowAffine(SERIES, CHANNELS).double()
    with torch.no_grad():
        affine.log_gamma[:] = torch.linspace(log_gamma, -log_gamma, SERIES)[:, None]
        affine.beta[:] = torch.linspace(beta, -beta, SERIES)[:, None]
    series = torch.tensor([3, 0, 0, 2])
    full = torch.full((4, CHANNELS), shift, dtype=torch.float64), torch.full((4, CHANNELS), scale, dtype=torch.float64)
    back = [part[:, None].expand(values.shape) for part in affine.back(*full, series)]
    found = Point().shaped(affine(values, series)[..., None], *back)[..., 0]
    torch.testing.assert_close(found, values * scale + shift, rtol=1e-9, atol=1e-9 * (1 + abs(beta)) * scale)


@pytest.mark.parametrize("output", [QuantileGrid([0.1, 0.5, 0.9]), Gaussian()])
@given(log_gamma=st.floats(-4, 4), beta=st.floats(-9, 9))
def test_quantiles_stay_in_order(output: Distribution, log_gamma: float, beta: float) -> None:
    affine, raw = WindowAffine(1, 1), torch.tensor([-1.0, 0.5, 2.0][: output.size]).expand(1, 1, -1)
    with torch.no_grad():
        affine.log_gamma[:], affine.beta[:] = log_gamma, beta
    back = affine.back(torch.zeros(1, 1), torch.ones(1, 1), torch.tensor([0]))
    parameters = output.shaped(raw, *back)
    rising = output.quantiles(parameters, [0.1, 0.5, 0.9])[0, 0]
    assert (rising.diff() > 0).all()
    if isinstance(output, QuantileGrid):  # each is still that of its own level
        torch.testing.assert_close(rising, parameters[0, 0])


@pytest.mark.parametrize("kind", ["direct", "recursive", "segments", "linear"])
def test_decoders_see_the_last_value_mapped_and_calibrate_in_units_of_the_window(kind: str) -> None:
    torch.manual_seed(0)
    affine, (batch, future) = learned(), a_window()
    module = decoder(kind, affine=affine)
    states = States(batch.steps, batch.mask)
    last = affine(future.last[:, None], future.series)[:, 0]
    raw = module(states, FutureContext(future.covariates, future.series, last, future.shift, future.scale))[..., 0]
    gamma, beta = affine.log_gamma.exp()[future.series][:, None], affine.beta[future.series][:, None]
    expected = (raw - beta) / gamma * future.scale[:, None] + future.shift[:, None]
    found = module.predict(states, future)[..., 0]
    torch.testing.assert_close(found, expected)
    module.shifts.fill_(2)
    torch.testing.assert_close(
        module.predict(states, future)[..., 0] - found, 2 * future.scale[:, None].expand_as(found)
    )
