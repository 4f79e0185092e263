"""Ranges of the numbers that a command or a call takes.

What is above them would not fit into memory, or not end; nothing sensible is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from seqnlp.errors import UsageError


@final
@dataclass(frozen=True)
class Range:
    """Least and greatest value of a setting, both allowed."""

    low: int | float
    high: int | float

    def check(self, **settings: int | float) -> None:
        """Raise `UsageError` for a value out of the range."""
        for name, value in settings.items():
            if not self.low <= value <= self.high:
                bound = f"{self.high:,} or less" if value > self.high else f"{self.low:,} or more"
                raise UsageError(f"{name} {value:,}: expected {bound}")


LENGTH = Range(1, 1_000_000_000)
"""Tokens of a text that a language model writes; they come one by one, and can be stopped."""
SEARCH_LENGTH = Range(1, 10_000)
"""Tokens of a text that is searched for as a whole."""
SAMPLES = Range(1, 1_000)
BEAM = Range(1, 1_000)
BEST = Range(1, 1_000)
"""Tag sequences or translations of one input."""
ALTERNATIVES = Range(0, 1_000)
TEMPERATURE = Range(0.0, 100.0)
TOP_K = Range(1, 1_000_000)
SHARE = Range(0.0, 1.0)
REPETITION_PENALTY = Range(0.0, 100.0)
WINDOW = Range(1, 1_000_000)
"""Latest tokens of a text, for the repetition penalty."""
BIAS = Range(-100.0, 100.0)
"""Added to the logit of a token."""
CELLS = Range(2, 100)
"""Texts of a sweep, each with settings of its own."""
SEED = Range(0, 2**63 - 1)
ALPHA = Range(0.0, 100.0)
NGRAM = Range(0, 1_000)
HORIZON = Range(1, 1_000_000)
HISTORIES = Range(0.0, 1_000.0)
"""Steps of a series before a forecast, in horizons."""
PERCENT = Range(0.0, 100.0)
CONTEXT = Range(1, 100_000)
"""Tokens of a window in which a language model is scored."""
RATE = Range(0.0, 1.0)
"""Learning rate of dynamic evaluation."""
HISTORY = Range(1, 10_000)
"""Preceding tokens with respect to which gradients are computed."""
WIDTH = Range(20, 1_000)
"""Columns of a chart."""
HEIGHT = Range(6, 500)
"""Lines of a chart."""
WEIGHT = Range(0.0, 100.0)
"""Weight of a language model beside the acoustic one."""
BONUS = Range(-100.0, 100.0)
SAMPLE_RATE = Range(1_000, 1_000_000)
CHANNELS = Range(1, 64)
SEEDS = Range(1, 1_000)
"""Trainings of one recipe with different seeds."""
FOLDS = Range(2, 1_000)
"""Folds of a cross-validation."""
PROCESSES = Range(1, 1_024)
"""Processes that train together on one machine."""
TRIALS = Range(1, 1_000_000)
"""Trials of a search."""
MINUTES = Range(0.01, 1_000_000.0)
"""Time of a search."""
WORKERS = Range(1, 256)
"""Processes that train or predict side by side."""
RESAMPLES = Range(100, 1_000_000)
"""Resamples of a test of significance."""
LINE = Range(1, 1_000_000_000)
"""Bytes of a line that is read."""
PORT = Range(1, 65_535)
RECIPE_INTEGER = 1_000_000_000
"""Greatest whole number in a recipe, where its key has no other bound."""
