"""corpora/series is what its script writes, and has what its README says."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from seqnlp.readers import Series

FOLDER = Path(__file__).parents[2] / "corpora" / "series"


def test_the_script_writes_the_file_that_ships(tmp_path: Path) -> None:
    subprocess.run([sys.executable, FOLDER / "make_series.py", tmp_path], check=True)
    assert (tmp_path / "series.csv").read_bytes() == (FOLDER / "series.csv").read_bytes()


def test_there_are_ten_weeks_with_a_day_and_a_week() -> None:
    table = Series().read_series(FOLDER / "series.csv")
    assert table.columns == ["bakery", "ferry", "library", "lift", "pool", "tram"]
    assert table.values.shape == (1680, 6)
    assert not np.isnan(table.values).any()
    apart = table.values - table.values.mean(0)
    for steps in (24, 168):
        same = (apart[steps:] * apart[:-steps]).mean(0) / apart.var(0)
        between = (apart[steps // 2 :] * apart[: -steps // 2]).mean(0) / apart.var(0)
        assert (same > between + 0.2).all(), (steps, same, between)
