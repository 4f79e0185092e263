"""Helpers of previews: a few fixed examples of dev, predicted after every evaluation."""

import numpy as np
from numpy.typing import NDArray

EXAMPLES = 3
CHARACTERS = 240
"""Characters of a text that are kept of a preview."""


def sample_rows(number: int, seed: int) -> NDArray[np.int64]:
    """Draw a few of `number` rows without replacement, in ascending order."""
    random = np.random.default_rng([seed, number])
    return np.sort(random.choice(number, min(EXAMPLES, number), replace=False))


def shorten(text: str) -> str:
    """Cut a long text, with an ellipsis at its end."""
    return text if len(text) <= CHARACTERS else text[: CHARACTERS - 1] + "…"
