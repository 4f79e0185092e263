"""Curve of surprise: the bars of a text span what there is between its calmest and its most surprising part."""

from math import log

import pytest

from seqnlp.tui.token_buffer import TokenBuffer
from seqnlp.tui.widgets.surprise import BARS, bars_of, columns_of


@pytest.mark.parametrize(
    ("bits", "line"),
    [
        ([1.4, 2.1], "▁█"),
        ([0.0, 4.0, 8.0], "▁▅█"),
        ([2.0, 2.25], "▁▅"),  # half of the least span
        ([2.0, 2.0, 2.0], "▁▁▁"),
        ([], ""),
    ],
)
def test_bars_from_the_least_to_the_greatest(bits: list[float], line: str) -> None:
    assert bars_of(bits) == line
    assert set(line) <= set(BARS)


def test_a_column_is_the_mean_of_its_tokens() -> None:
    buffer = TokenBuffer("Once")
    buffer.add("abcdef", [1] * 6, [-log(2) * bits for bits in (1, 3, 2, 2, 0, 8)])
    assert columns_of(buffer, 3) == pytest.approx([2.0, 2.0, 4.0])
    assert columns_of(buffer, 100) == pytest.approx([1, 3, 2, 2, 0, 8])
    assert columns_of(TokenBuffer("Once"), 10) == []
