"""Pictures of forecasts: golden ones, and that any numbers make one of the right size."""

import math
from textwrap import dedent

from hypothesis import given
from hypothesis import strategies as st

from seqnlp.plots.terminal import FORECAST, HISTORY, INTERVAL, forecast_chart

HISTORY_VALUES = [10 + 5 * math.sin(step / 12 * 2 * math.pi) for step in range(24)]
COMING = [10 + 5 * math.sin(step / 12 * 2 * math.pi) for step in range(24, 36)]
LOW = [value - 1 - 0.1 * step for step, value in enumerate(COMING)]
HIGH = [value + 1 + 0.1 * step for step, value in enumerate(COMING)]


def golden(text: str) -> str:
    return dedent(text).strip("\n")


def test_history_forecast_and_interval() -> None:
    picture = forecast_chart(HISTORY_VALUES, COMING, LOW, HIGH, 80, ("Monday", "now", "Wednesday"), 60, 14, "tram")
    assert str(picture) == golden(BRAILLE)
    numbers = {number for row in picture.rows[2:-2] for _, number in row}
    assert numbers == {None, HISTORY, FORECAST, INTERVAL}


def test_in_ascii_the_interval_has_two_ends() -> None:
    picture = forecast_chart(HISTORY_VALUES, COMING, LOW, HIGH, 80, ("", "now", ""), 50, 12, plain=True)
    assert str(picture) == golden(ASCII)
    assert str(picture).isascii()


def test_a_point_forecast_of_one_step() -> None:
    picture = forecast_chart([1.0, None, 3.0], [2.0], labels=("", "now", ""), width=30, height=6)
    assert str(picture) == golden(POINT)


def test_empty_forecast_draws_nothing() -> None:
    assert "nothing to draw yet" in str(forecast_chart([], [], title="empty"))
    assert "nothing to draw yet" in str(forecast_chart([math.nan], [None], [None], [None]))


VALUE = st.none() | st.floats(-1e6, 1e6) | st.just(math.nan)


@given(
    st.lists(VALUE, max_size=20),
    st.lists(st.tuples(VALUE, VALUE, VALUE), min_size=1, max_size=9),
    st.integers(20, 90),
    st.integers(5, 20),
    st.booleans(),
)
def test_a_picture_has_the_size_that_was_asked_for(
    history: list[float | None],
    steps: list[tuple[float | None, float | None, float | None]],
    width: int,
    height: int,
    plain: bool,
) -> None:
    forecast, low, high = map(list, zip(*steps, strict=True))
    picture = forecast_chart(history, forecast, low, high, 80, ("a", "b", "c"), width, height, "t", plain)
    lines = str(picture).splitlines()
    assert all(len(line) <= width for line in lines)
    if "nothing to draw yet" not in lines:
        assert len(picture.rows) == height if height >= 9 else 5 <= len(picture.rows) <= 9  # up to 4 of heading


BRAILLE = """
tram
━━ history   ━━ forecast   ━━ 80 % interval
20 ┤
   │                                           ⡀
15 ┤   ⣀⡠⠤⣀               ⣀⡠⠤⣀              ⡠⣎⡩⠬⣉⢆
   │ ⢀⠜    ⠱⡀           ⢀⠜    ⠱⡀           ⢌⢝⠒⠓⠑⠣⡵⡑⡀
   │⢠⠃      ⠘⡄         ⢠⠃      ⠈⢆         ⢬⠗⠁    ⠈⢍⢎⢄
10 ┤⠁        ⠈⢢       ⡰⠁         ⢣        ⠋        ⢂⢣⠦⡀   ⢀⠌
   │           ⠑⡄   ⢀⠎            ⠑⡄   ⢀⠎           ⠡⠕⡍⠖⠢⠖⢁⠎
 5 ┤            ⠈⠉⠒⠊⠁              ⠈⠉⠒⠊⠁             ⠑⢍⠍⠓⠎⢁⠌
   │                                                   ⠉⠓⠊⠁
 0 ┤
   └┬─────────────────────────────────────┬────────────────┬
 Monday                                  now       Wednesday
"""

ASCII = """
* history   + forecast   o 80 % interval
20 +
   |                                   o
15 +   ***            ****           ++++oo
   | **   **         *    *         +oooo++o
10 +*       *      **      *       +     oo+o    o
   |         *    *         **    *        o+oooo+
 5 +          ****            ****          o++++o
   |                                          ooo
 0 +
   +-------------------------------+--------------
                                  now
"""

POINT = """
━━ history   ━━ forecast
3 ┤                 ⠈
2 ┤                          ⠠
1 ┤⡀
  └──────────────────────────┬
                           now
"""
