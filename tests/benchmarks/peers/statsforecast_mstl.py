"""statsforecast's MSTL: seasons of a day and a week by STL, the trend by AutoETS, fitted anew for each window.

The windows begin one horizon after the other in the rows from `--test` on; each column is a series, and a fit sees its
last `--lookback` rows. The score is the mean absolute error in standard deviations of the rows before `--train-end`.
"""

import argparse
import json
import time
from pathlib import Path

import pandas as pd
from statsforecast import StatsForecast
from statsforecast.models import MSTL, AutoETS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="csv: a column of dates, and one for each series")
    parser.add_argument("--train-end", type=int, required=True)
    parser.add_argument("--test", type=int, nargs=2, required=True, metavar=("FIRST", "END"))
    parser.add_argument("--horizon", type=int, required=True)
    parser.add_argument("--lookback", type=int, required=True)
    parser.add_argument("--jobs", type=int, default=-1)
    options = parser.parse_args()
    first, end = options.test
    table = pd.read_csv(options.file, parse_dates=["date"]).iloc[:end]
    values = table.drop(columns="date")
    deviations = values.iloc[: options.train_end].std(ddof=0)
    melted = table.melt("date", var_name="unique_id", value_name="y").rename(columns={"date": "ds"})
    begun = time.perf_counter()
    model = MSTL(season_length=[24, 168], trend_forecaster=AutoETS(model="ZZN"))
    found = StatsForecast(models=[model], freq="h", n_jobs=options.jobs).cross_validation(
        h=options.horizon,
        df=melted,
        step_size=options.horizon,
        test_size=end - first,
        input_size=options.lookback,
        n_windows=None,
    )
    seconds = time.perf_counter() - begun
    errors = (found["MSTL"] - found["y"]).abs() / found["unique_id"].map(deviations)
    print(json.dumps({"items": len(found), "seconds": seconds, "score": float(errors.mean())}))


if __name__ == "__main__":
    main()
