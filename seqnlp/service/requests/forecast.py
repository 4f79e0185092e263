"""Requests about forecasters."""

from collections.abc import Iterator
from typing import Any

from seqnlp.limits import HISTORIES
from seqnlp.recipe.load import path_resolver
from seqnlp.run import Run
from seqnlp.service.handlers import Handler
from seqnlp.service.protocol import Request
from seqnlp.tasks.forecast.predictor import Forecaster


def forecast(
    forecaster: Forecaster, run: str, file: str, horizon: int | None, level: float | None, before: float
) -> dict[str, Any]:
    """Forecast the series in a file, with their history: `before` times as many steps as are forecast.

    `actual` are the values that came, of series that go on after the period.
    """
    HISTORIES.check(before=before)
    split = forecaster.recipe.split(file, path_resolver(Run.open(run).recipe_file))
    found = forecaster.forecast(split, horizon, level)
    return {
        "trained": forecaster.horizon,
        "left_out": forecaster.too_short(split),
        "forecasts": [each.to_json() for each in found],
        "actual": forecaster.actual(split, len(found[0].values)),
        "history": forecaster.history(split, round(before * len(found[0].values))),
    }


def _forecast(forecaster: Forecaster, request: Request) -> Iterator[Any]:
    yield forecast(forecaster, request.run, **request.settings)


HANDLERS = {"forecast": Handler(_forecast)}
