"""Windows over series, against brute force."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.codecs.series import WindowScale
from seqnlp.tasks.forecast.baselines import naive
from seqnlp.tasks.forecast.dataset import NEXT, EncodedSeries, Windows, WindowShape, window_starts

LOOK, HORIZON = 6, 4


def encoded(lengths: list[int], channels: int, missing: bool = False) -> EncodedSeries:
    random = np.random.default_rng(len(lengths) * 7 + channels)
    rows = sum(lengths)
    observed = random.random((channels, rows)) > (0.2 if missing else -1)
    values = np.where(observed, random.normal(size=(channels, rows)), 0).astype(np.float32)
    past, known = (random.normal(size=(rows, width)).astype(np.float32) for width in (1, 2))
    return EncodedSeries(values, observed, past, known, np.repeat(np.arange(len(lengths)), lengths))


def windows(
    data: EncodedSeries, starts: np.ndarray, independent: bool, scale: WindowScale = "none", flags: bool = False
) -> Windows:
    return Windows(data, starts, WindowShape(LOOK, HORIZON, independent, scale, flags, 2), 5 * LOOK)


@given(st.lists(st.integers(10, 20), min_size=1, max_size=3), st.integers(0, 6), st.integers(0, 6))
def test_horizons_lie_in_the_period_with_a_whole_look_back_before(lengths: list[int], skip: int, rest: int) -> None:
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    periods = [(int(o) + skip, int(o) + n - rest) for o, n in zip(offsets, lengths, strict=False)]
    found = window_starts(offsets[:-1].tolist(), periods, LOOK, HORIZON).tolist()
    expected = [
        start
        for offset, (first, last) in zip(offsets.tolist(), periods, strict=False)
        for start in range(first, last)
        if start - LOOK >= offset and start + HORIZON <= last
    ]
    assert found == expected


@pytest.mark.parametrize("independent", [True, False])
@pytest.mark.parametrize("missing", [True, False])
def test_a_batch_is_what_slicing_gives(independent: bool, missing: bool) -> None:
    lengths, channels = [13, 17], 3
    data = encoded(lengths, channels, missing)
    starts = window_starts([0, 13], [(0, 13), (13, 30)], LOOK, HORIZON)
    examples = windows(data, starts, independent, flags=True)
    rows = np.random.default_rng(0).permutation(len(examples))
    batch = examples.batch(rows)
    target, future = batch.targets[NEXT], batch.targets[NEXT].future
    assert batch.items == examples.items == examples.items_in(rows) == len(starts) * channels * HORIZON
    for place, row in enumerate(rows.tolist()):
        window, channel = divmod(row, channels) if independent else (row, 0)
        start = starts[window]
        chosen = np.arange(channels)[channel : channel + 1] if independent else np.arange(channels)
        look, horizon = data.values[chosen, start - LOOK : start].T, data.values[chosen, start : start + HORIZON].T
        there = data.observed[chosen, start - LOOK : start].T
        steps = np.concatenate(
            [look, ~there, data.past_covariates[start - LOOK : start], data.future_covariates[start - LOOK : start]], 1
        )
        np.testing.assert_array_equal(batch.inputs.steps[place].numpy(), steps.astype(np.float32))
        np.testing.assert_array_equal(target.values[place].numpy(), horizon)
        np.testing.assert_array_equal(target.observed[place].numpy(), data.observed[chosen, start : start + HORIZON].T)
        np.testing.assert_array_equal(future.covariates[place].numpy(), data.future_covariates[start : start + HORIZON])
        series = 0 if start <= 13 else 1
        assert future.series[place] == (series * channels + channel if independent else series)
    assert batch.inputs.mask.shape == (len(rows), LOOK // 2)


@pytest.mark.parametrize("scale", ["last", "standard"])
def test_window_scale_can_be_undone(scale: WindowScale) -> None:
    data = encoded([30], 2, missing=True)
    examples = windows(data, np.arange(LOOK, 30 - HORIZON + 1), True, scale)
    rows = np.arange(len(examples))
    batch, plain = examples.batch(rows), examples.seen(2, "none").batch(rows)
    future = batch.targets[NEXT].future
    again = batch.inputs.steps[..., :1] * future.scale[:, None] + future.shift[:, None]
    there = torch.from_numpy(examples.values(rows)[1][:, :LOOK])
    torch.testing.assert_close(again[there], plain.inputs.steps[..., :1][there])
    assert (batch.inputs.steps[..., :1][~there] == 0).all()
    torch.testing.assert_close(batch.targets[NEXT].values, plain.targets[NEXT].values)
    np.testing.assert_array_equal(examples.scales(rows), future.scale.numpy())


@pytest.mark.parametrize("stride", [1, 3])
def test_an_epoch_has_every_window_of_its_stride_once(stride: int) -> None:
    data = encoded([40], 2)
    examples = Windows(data, np.arange(LOOK, 30), WindowShape(LOOK, HORIZON, True, "none", False, 1), 5 * LOOK, stride)
    seen: list[int] = []
    for epoch in range(40):
        batches = examples.plan(3, epoch)
        assert all(len(batch) <= 5 for batch in batches)
        rows = np.concatenate(batches)
        assert len(np.unique(rows)) == len(rows)
        windows = np.unique(rows // 2)
        assert (np.diff(windows) == stride).all()
        assert [rows.tolist()] == [np.concatenate(examples.plan(3, epoch)).tolist()]
        seen += windows.tolist()
    assert set(seen) == set(range(24))
    assert np.concatenate(examples.in_order()).tolist() == list(range(len(examples)))


def test_naive_forecasts_repeat_the_last_season() -> None:
    look = np.arange(12, dtype=np.float32).reshape(1, 12, 1)
    observed = np.ones(look.shape, bool)
    assert naive(look, observed, 5)[0, :, 0].tolist() == [11] * 5
    assert naive(look, observed, 5, 3)[0, :, 0].tolist() == [9, 10, 11, 9, 10]
    observed[0, [11, 8], 0] = False
    assert naive(look, observed, 4, 3)[0, :, 0].tolist() == [9, 10, 5, 9]
    assert naive(look, np.zeros_like(observed), 2, 3)[0, :, 0].tolist() == [0, 0]


@given(st.integers(0, 999), st.integers(1, 9), st.integers(1, 5), st.integers(1, 8))
def test_where_a_value_is_missing_one_whole_seasons_before_is_taken(
    seed: int, steps: int, season: int, ahead: int
) -> None:
    season = min(season, steps)
    random = np.random.default_rng(seed)
    look = random.normal(size=(3, steps, 2)).astype(np.float32)
    observed = random.random(look.shape) < 0.5
    found = naive(look, observed, ahead, season)
    for row, step, channel in np.ndindex(3, ahead, 2):
        places = [place for place in range(steps) if (steps + step - place) % season == 0]
        there = [look[row, place, channel] for place in places if observed[row, place, channel]]
        assert found[row, step, channel] == (there[-1] if there else 0)
