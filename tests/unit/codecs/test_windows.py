"""What is taken off windows, and put on again."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.codecs.series import last_value, window_scale

KINDS: Any = ["none", "last", "standard"]


@given(st.sampled_from(KINDS), st.integers(0, 9), st.floats(-50, 50), st.floats(0.01, 100))
def test_the_scale_is_reversible_and_follows_the_window(kind: Any, seed: int, shift: float, factor: float) -> None:
    values = np.random.default_rng(seed).normal(size=(4, 12, 2)).astype(np.float32)
    observed = np.ones(values.shape, bool)
    off, by = window_scale(values, observed, kind)
    normal = (values - off[:, None]) / by[:, None]
    np.testing.assert_allclose(normal * by[:, None] + off[:, None], values, atol=1e-5)
    if kind == "standard":  # the equations of Kim et al. (2022)
        np.testing.assert_allclose(off, values.mean(1), atol=1e-5)
        np.testing.assert_allclose(by, np.sqrt(values.var(1) + 1e-5), rtol=1e-4)
        moved = (values * np.float32(factor) + np.float32(shift)).astype(np.float32)
        off, by = window_scale(moved, observed, kind)
        expected = normal if factor > 0.5 else None  # the small constant matters for small windows
        if expected is not None:
            np.testing.assert_allclose((moved - off[:, None]) / by[:, None], expected, atol=2e-3)
    elif kind == "last":
        np.testing.assert_array_equal(off, values[:, -1])
        assert (by == 1).all()


def test_missing_values_do_not_matter() -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=(6, 10, 3)).astype(np.float32)
    observed = random.random(values.shape) < 0.6
    observed[0, :, 0] = False
    other = np.where(observed, values, 1e6).astype(np.float32)
    for kind in KINDS:
        for left, right in zip(window_scale(values, observed, kind), window_scale(other, observed, kind), strict=True):
            np.testing.assert_array_equal(left, right)
    off, by = window_scale(values, observed, "standard")
    for row, channel in np.ndindex(6, 3):
        there = values[row, observed[row, :, channel], channel]
        assert off[row, channel] == pytest.approx(there.mean() if len(there) else 0, abs=1e-5)
        assert by[row, channel] == pytest.approx(np.sqrt(there.var() + 1e-5) if len(there) else 1, rel=1e-4)
        assert last_value(values, observed)[row, channel] == (there[-1] if len(there) else 0)
