"""The screens, and which one shows a run.

| file | what is in it |
|---|---|
| base.py | what all have in common |
| home.py | the runs |
| generate.py | language models |
| live.py | what the four below have in common: a line to type into, and the answer below |
| words.py | what tag and classify have in common |
| tag.py, classify.py, translate.py, forecast.py | the other tasks |
| forecasting.py | what the screens have in common that draw forecasts |
| compare.py, compare_forecasts.py | two runs, the same input |
| train.py, watch.py | choosing a recipe, and its training |
| help.py, asking.py, closing.py | what lies over a screen: help, a question, the last question |
| unavailable.py | a task that has none |
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seqnlp.run.summary import Summary
    from seqnlp.service.client import ModelService
    from seqnlp.tui.screens.base import BaseScreen, RunScreen


def screen_for(run: Summary, service: ModelService) -> RunScreen:
    """The screen to play with a run, imported only now: the first picture does not wait for what nobody opened."""
    match run.task:
        case "lm":
            from seqnlp.tui.screens.generate import GenerateScreen

            return GenerateScreen(run, service)
        case "tag":
            from seqnlp.tui.screens.tag import TagScreen

            return TagScreen(run, service)
        case "classify":
            from seqnlp.tui.screens.classify import ClassifyScreen

            return ClassifyScreen(run, service)
        case "translate":
            from seqnlp.tui.screens.translate import TranslateScreen

            return TranslateScreen(run, service)
        case "forecast":
            from seqnlp.tui.screens.forecast import ForecastScreen

            return ForecastScreen(run, service)
        case _:
            from seqnlp.tui.screens.unavailable import UnavailableScreen

            return UnavailableScreen(run, service)


def comparison_of(left: Summary, right: Summary, service: ModelService) -> BaseScreen:
    """The screen that puts two runs side by side."""
    if left.task == right.task == "forecast":
        from seqnlp.tui.screens.compare_forecasts import CompareForecastsScreen

        return CompareForecastsScreen(left, right, service)
    from seqnlp.tui.screens.compare import CompareScreen

    return CompareScreen(left, right, service)
