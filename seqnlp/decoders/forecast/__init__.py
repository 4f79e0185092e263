"""Forecast decoders.

base.py           the contract: the horizon, the windows' scales, the loss
outputs.py        the output of each value: a number, quantiles, a normal distribution
direct.py         all steps at once, from the last state
recursive.py      step by step, each forecast fed back
segments.py       segment by segment, all in parallel (SegRNN)
linear.py         a linear map of the look-back itself (DLinear, NLinear)
"""

from seqnlp.decoders.forecast.base import ForecastDecoder, ForecastModule, ForecastShape, ForecastTarget, FutureContext
from seqnlp.decoders.forecast.direct import Direct
from seqnlp.decoders.forecast.linear import LinearMap, LinearMapModule
from seqnlp.decoders.forecast.outputs import Output, PointOutput, QuantileOutput
from seqnlp.decoders.forecast.recursive import Recursive
from seqnlp.decoders.forecast.segments import Segments

__all__ = [
    "Direct",
    "ForecastDecoder",
    "ForecastModule",
    "ForecastShape",
    "ForecastTarget",
    "FutureContext",
    "LinearMap",
    "LinearMapModule",
    "Output",
    "PointOutput",
    "QuantileOutput",
    "Recursive",
    "Segments",
]
