"""The beginning of a text that is too long to be answered as one types."""

from __future__ import annotations

import re
from itertools import islice

MOST = 2_000
"""Words that are looked at."""

LONGEST = 10 * MOST
"""Characters that are looked at, for a text without blanks is one word."""


def beginning(text: str) -> str:
    """The first words of a text as they stand, or all of it if there are not more."""
    last = next(islice(re.finditer(r"\S+", text), MOST - 1, None), None)
    return text[: LONGEST if last is None else min(last.end(), LONGEST)]


def left_out(text: str) -> str:
    """A line that says how much of a text is looked at; empty if that is all of it."""
    seen = beginning(text)
    if not text[len(seen) :].strip():
        return ""
    return f"only the first {f'{MOST:,} words' if len(seen) < LONGEST else f'{LONGEST:,} characters'} are looked at"
