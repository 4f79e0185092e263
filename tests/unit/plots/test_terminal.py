"""Charts: golden pictures, and that any points make a picture of the right size."""

import math
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.plots.axes import Axis, bounds
from seqnlp.plots.terminal import PLAIN_SHADES, SHADES, chart, shade


def golden(text: str) -> str:
    return dedent(text).strip("\n")


def test_a_falling_loss() -> None:
    points = [(epoch, 3 * math.exp(-epoch / 3)) for epoch in range(11)]
    assert str(chart({"loss": points}, width=40, height=9, title="loss")) == golden(
        """
        loss
        3 ┤⠑⢄
          │  ⠑⢄⡀
        2 ┤    ⠈⠒⠢⣀
        1 ┤        ⠉⠒⠤⣀
          │            ⠉⠉⠒⠢⠤⢄⣀⣀⡀
        0 ┤                    ⠈⠉⠉⠉⠒⠒⠒⠒⠒⠒⠒⠢⠤⠤⠤⠤⠤
          └┬─────────────────┬─────────────────┬
           0                 5                10
        """
    )


def test_two_lines_in_ascii_have_marks_of_their_own() -> None:
    picture = chart({"a": [(0, 0.0), (4, 8.0)], "b": [(0, 8.0), (4, 0.0)]}, width=24, height=8, plain=True)
    assert str(picture) == golden(
        """
        * a   + b
        10 +
           |++++            ****
         5 +    ++++++******
           |    ******++++++
         0 +****            ++++
           ++---------+--------+
            0         2        4
        """
    )
    assert str(picture).isascii()


def test_gaps_and_lone_points() -> None:
    points = [(1, 0.81), (2, 0.86), (3, None), (4, 0.88), (5, 0.9), (6, math.nan), (7, 0.85)]
    assert str(chart({"dev": points}, width=30, height=7, title="dev accuracy")) == golden(
        """
        dev accuracy
        0.90 ┤            ⣀⠤⠒⠉
        0.85 ┤   ⢀⠄
             │ ⡠⠒⠁                   ⠈
        0.80 ┤⠊
             └───────────────┬────────
                             5
        """
    )


def test_long_names_are_cut_and_the_legend_takes_the_rows_that_it_needs() -> None:
    assert str(chart({"a" * 30: [(0, 1.0), (1, 2.0)], "second": [(0, 1.5)]}, width=20, height=8)) == golden(
        """
        ━━ aaaaaaaaaaaaaaaaa
        ━━ second
        2.0 ┤           ⢀⡠⠔⠊
            │       ⢀⡠⠔⠊⠁
        1.5 ┤⠁  ⢀⡠⠔⠊⠁
        1.0 ┤⡠⠔⠊⠁
            └┬──────┬──────┬
            0.0    0.5   1.0
        """
    )


def test_large_numbers_have_enough_digits() -> None:
    assert str(chart({"n": [(0, 1e7), (1e5, 1.00005e7)]}, width=40, height=7)) == golden(
        """
        ━━ n
        1.00005e+07 ┤                    ⢀⣀⡠⠤⠒⠒⠉
                    │             ⢀⣀⡠⠤⠒⠒⠉⠁
                    │      ⢀⣀⠤⠤⠒⠊⠉⠁
              1e+07 ┤⣀⠤⠤⠒⠊⠉⠁
                    └┬────────────┬────────────┬
                     0          50000     100000
        """
    )


def test_empty_chart_draws_nothing() -> None:
    assert str(chart({"loss": [(1, math.nan)]}, title="loss")) == "loss\nnothing to draw yet"
    assert str(chart({})) == "nothing to draw yet"


def test_spans_tell_the_series_apart() -> None:
    picture = chart({"low": [(0, 0.0), (1, 0.0)], "high": [(0, 1.0), (1, 1.0)]}, width=30, height=8)
    assert [[number for _, number in row if number is not None] for row in picture.rows] == [
        [0, 1],
        [1],
        [],
        [],
        [],
        [0],
        [],
        [],
    ]


numbers = st.floats(width=64) | st.floats(-10, 10) | st.none()
points = st.lists(st.tuples(st.floats() | st.floats(0, 10), numbers), max_size=8)


@given(
    st.dictionaries(st.text("abc", min_size=1), points, max_size=4),
    st.integers(1, 90),
    st.integers(1, 30),
    st.booleans(),
)
def test_any_points_fit_the_picture(
    series: dict[str, list[tuple[float, float | None]]], width: int, height: int, plain: bool
) -> None:
    rows = str(chart(series, width, height, "title", plain)).split("\n")
    assert max(map(len, rows)) <= max(width, 60)
    if width >= 60:
        assert max(map(len, rows)) <= width
    if height >= 20 and "nothing to draw yet" not in rows:
        assert len(rows) == height


@pytest.mark.parametrize(
    ("values", "most", "labels"),
    [
        ([0, 1], 5, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        ([0.873, 0.951], 4, ["0.86", "0.88", "0.90", "0.92", "0.94", "0.96"]),
        ([-3, 4], 4, ["-4", "-2", "0", "2", "4"]),
        ([0, 250], 3, ["0", "100", "200", "300"]),
        ([5, 5], 2, ["4.5", "5.0", "5.5"]),
        ([1e-7, 3e-7], 2, ["1e-07", "2e-07", "3e-07"]),
        ([1.25e6, 1.5e6], 3, ["1.2e+06", "1.3e+06", "1.4e+06", "1.5e+06"]),
    ],
)
def test_ticks_are_round_numbers(values: list[float], most: int, labels: list[str]) -> None:
    axis = Axis.over(values, most, rounded=True)
    assert [label for _, label in axis.ticks()] == labels
    assert axis.ticks()[0][0] == 0
    assert axis.ticks()[-1][0] == pytest.approx(1)


@given(st.lists(st.floats(-1e99, 1e99), min_size=1, max_size=5))
def test_bounds_hold_all_values_apart(values: list[float]) -> None:
    low, high = bounds(values)
    assert low < high
    assert all(low <= value <= high for value in values)


@given(st.floats(0, 1), st.floats(0, 1), st.booleans())
def test_a_larger_weight_is_no_paler(one: float, other: float, plain: bool) -> None:
    shades = PLAIN_SHADES if plain else SHADES
    low, high = sorted((one, other))
    assert shades.index(shade(low, plain)) <= shades.index(shade(high, plain))
    assert (shade(0, plain), shade(1, plain)) == (shades[0], shades[-1])
