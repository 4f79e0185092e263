from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.optimizers.base import Schedule, scale

SCHEDULES: list[Schedule] = ["constant", "linear", "cosine", "one_cycle", "plateau"]
FALLING: list[Schedule] = ["linear", "cosine", "one_cycle"]
GRID = [step / 1000 for step in range(1001)]


@pytest.mark.parametrize(
    ("schedule", "warmup", "points"),
    [
        ("constant", 0.0, {0: 1, 0.5: 1, 1: 1}),
        ("plateau", 0.0, {0: 1, 0.5: 1, 1: 1}),
        ("constant", 0.2, {0: 0, 0.1: 0.5, 0.2: 1, 1: 1}),
        ("linear", 0.0, {0: 1, 0.5: 0.5, 0.9: 0.1, 1: 0}),
        ("linear", 0.2, {0: 0, 0.1: 0.5, 0.2: 1, 0.6: 0.5, 1: 0}),
        ("cosine", 0.0, {0: 1, 1 / 3: 0.75, 0.5: 0.5, 2 / 3: 0.25, 1: 0}),
        ("cosine", 0.5, {0: 0, 0.25: 0.5, 0.5: 1, 0.75: 0.5, 1: 0}),
        ("one_cycle", 0.0, {0: 0.04, 0.15: 0.52, 0.3: 1, 0.65: 0.5, 1: 0}),
        ("one_cycle", 0.5, {0: 0.04, 0.25: 0.52, 0.5: 1, 0.75: 0.5, 1: 0}),
    ],
)
def test_points_of_the_curve(schedule: Schedule, warmup: float, points: dict[float, float]) -> None:
    found = {progress: scale(schedule, progress, warmup) for progress in points}
    assert found == pytest.approx(points, abs=1e-9)


@pytest.mark.parametrize("schedule", SCHEDULES)
@given(warmup=st.floats(0, 0.9))
def test_schedules_rise_to_1_then_never_again(schedule: Schedule, warmup: float) -> None:
    top = warmup or (0.3 if schedule == "one_cycle" else 0.0)
    curve = [(progress, scale(schedule, progress, warmup)) for progress in sorted([*GRID, top])]
    assert all(-1e-12 <= factor <= 1 + 1e-12 for _, factor in curve)
    assert scale(schedule, top, warmup) == pytest.approx(1)
    for (_, before), (progress, after) in pairwise(curve):
        assert after >= before - 1e-12 if progress <= top else after <= before + 1e-12
    assert scale(schedule, 1.0, warmup) == pytest.approx(0 if schedule in FALLING else 1, abs=1e-9)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.5])
def test_schedules_have_no_jumps(schedule: Schedule, warmup: float) -> None:
    steepest = max(abs(scale(schedule, a, warmup) - scale(schedule, b, warmup)) for a, b in pairwise(GRID))
    assert steepest < 0.016  # the steepest is half a cosine over a tenth
