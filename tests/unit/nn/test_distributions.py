"""What forecasts say, against the standard library and numpy."""

from statistics import NormalDist

import numpy as np
import pytest
import torch

from seqnlp.nn.distributions import SMALLEST, Gaussian, Point, QuantileGrid

torch.manual_seed(0)
ZERO, ONE = torch.zeros(4, 3), torch.ones(4, 3)
SHIFT, SCALE = torch.randn(4, 3), torch.rand(4, 3) + 0.5
TARGET = torch.randn(4, 3)


def test_point_losses_are_the_textbook_ones() -> None:
    raw = torch.randn(4, 3, 1)
    error = (raw[..., 0] - TARGET).numpy()
    expected = {
        "mse": error**2,
        "mae": np.abs(error),
        "huber": np.where(np.abs(error) < 1, error**2 / 2, np.abs(error) - 0.5),
    }
    for kind, losses in expected.items():
        point = Point(kind)  # type: ignore[arg-type]
        np.testing.assert_allclose(point.loss(point.shaped(raw, ZERO, ONE), TARGET).numpy(), losses, rtol=1e-5)
    assert not Point().covers(0.5)


def test_quantiles_are_trained_by_twice_the_pinball_loss() -> None:
    grid = QuantileGrid([0.1, 0.5, 0.9])
    raw = torch.randn(4, 3, 3)
    over = (TARGET[..., None] - raw).numpy()
    expected = np.mean([2 * np.maximum(q * over[..., n], (q - 1) * over[..., n]) for n, q in enumerate(grid.levels)], 0)
    np.testing.assert_allclose(grid.loss(raw, TARGET).numpy(), expected, rtol=1e-5)
    median = QuantileGrid([0.5])
    torch.testing.assert_close(median.loss(raw[..., :1], TARGET), Point("mae").loss(raw[..., :1], TARGET))


def test_quantiles_rise_and_lie_on_lines_between_those_trained() -> None:
    grid = QuantileGrid([0.1, 0.5, 0.9])
    raw = torch.tensor([3.0, 1.0, 2.0]).expand(1, 1, 3)
    assert grid.quantiles(raw, [0.1, 0.3, 0.5, 0.8, 0.9])[0, 0].tolist() == pytest.approx([1, 1.5, 2, 2.75, 3])
    assert grid.point(raw).item() == 2
    assert grid.covers(0.9)
    assert not grid.covers(0.95)


def test_the_pinball_loss_finds_the_quantiles_of_a_sample() -> None:
    sample = torch.randn(4000, 1, generator=torch.Generator().manual_seed(1))
    grid = QuantileGrid([0.1, 0.5, 0.8])
    parameters = torch.zeros(3, requires_grad=True)
    optimizer = torch.optim.Adam([parameters], 0.05)
    for _ in range(300):
        optimizer.zero_grad()
        grid.loss(parameters.expand(4000, 1, 3), sample).mean().backward()
        optimizer.step()
    np.testing.assert_allclose(parameters.detach().numpy(), np.quantile(sample.numpy(), grid.levels), atol=0.05)


def test_the_normal_distribution_is_that_of_the_standard_library() -> None:
    raw = torch.randn(4, 3, 2)
    parameters = Gaussian().shaped(raw, SHIFT, SCALE)
    levels = [0.05, 0.5, 0.9]
    nats, quantiles = Gaussian().loss(parameters, TARGET), Gaussian().quantiles(parameters, levels)
    for place in np.ndindex(4, 3):
        deviation = (np.log1p(np.exp(raw[place][1].item())) + SMALLEST) * SCALE[place].item()
        normal = NormalDist(raw[place][0].item() * SCALE[place].item() + SHIFT[place].item(), deviation)
        assert nats[place].item() == pytest.approx(-np.log(normal.pdf(TARGET[place].item())), rel=1e-3, abs=1e-3)
        expected = [normal.inv_cdf(level) for level in levels]
        assert quantiles[place].tolist() == pytest.approx(expected, rel=1e-3, abs=1e-3)
    torch.testing.assert_close(Gaussian().point(parameters), quantiles[..., 1])


@pytest.mark.parametrize("output", [Point(), QuantileGrid([0.1, 0.5, 0.9]), Gaussian()])
def test_shift_and_scale_move_every_answer(output: Point | QuantileGrid | Gaussian) -> None:
    raw = torch.randn(4, 3, output.size)
    plain, moved = output.shaped(raw, ZERO, ONE), output.shaped(raw, SHIFT, SCALE)
    torch.testing.assert_close(output.point(moved), output.point(plain) * SCALE + SHIFT)
    if output.covers(0.5):
        quantiles = output.quantiles(plain, [0.2, 0.7]) * SCALE[..., None] + SHIFT[..., None]
        torch.testing.assert_close(output.quantiles(moved, [0.2, 0.7]), quantiles)
