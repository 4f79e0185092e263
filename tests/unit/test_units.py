"""Numbers as people read them."""

import math

import pytest

from seqnlp.units import counted, duration, file_size, score


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.24, "0.2 s"),
        (0.6, "1 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (125, "2 min 05 s"),
        (3600, "1 h 00 min"),
        (90_061, "25 h 01 min"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1_340_000, "1.3 MB"), (2_500_000_000, "2.5 GB")]
)
def test_file_size(size: int, text: str) -> None:
    assert file_size(size) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (0.94123, "0.9412"), (-0.5, "-0.5000"), (23.456, "23.46"), (12345.6, "12,345.60"), (math.inf, "inf")],
)
def test_score(value: float | None, text: str) -> None:
    assert score(value) == text


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [(1, "epochs", "1 epoch"), (2, "epochs", "2 epochs"), (0, "steps", "0 steps"), (12345, "steps", "12,345 steps"),
     (1.5, "epochs", "1.5 epochs"), (1.0, "epochs", "1 epoch"), (1, "series", "1 series")],
)  # fmt: skip
def test_counted(number: float, noun: str, text: str) -> None:
    assert counted(number, noun) == text
