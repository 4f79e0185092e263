"""Suggestions for misspelt names."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """Closest of some names to a misspelt one, if any is close; upper and lower case count as the same."""
    by_lower = {choice.lower(): choice for choice in choices}
    wrong = word.lower()
    close = get_close_matches(wrong, by_lower, n=1, cutoff=0.6)
    # Letters in a wrong order, and `hidden_size` for `size`, look less alike to difflib than they are.
    alike = [choice for choice in by_lower if sorted(choice) == sorted(wrong) or choice in wrong.split("_")]
    return by_lower[(close + alike)[0]] if close or alike else None


def did_you_mean(word: str, choices: Iterable[str], quote: str = "`") -> str:
    """Hint that names the closest choice; empty if none is close."""
    found = nearest(word, choices)
    return f"did you mean {quote}{found}{quote}?" if found is not None else ""


def nearest_or_all(word: str, choices: Iterable[str]) -> str:
    """Hint that names the closest choice, or else all of them."""
    choices = list(choices)
    return did_you_mean(word, choices, "'") or f"there are {', '.join(choices)}"
