"""Settings as dials: what values they step through, how a value is told; and those of sampling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Value = float | int | str | None

ENDLESS = 10**9
"""Tokens that nobody waits for."""


@dataclass(frozen=True)
class Dial:
    """One setting; `None` is the value at the low end of the ladder if it can be off."""

    name: str
    """Of the argument of the library's call; `samples` and `length` of sampling are the screen's."""
    label: str
    default: Value
    ladder: tuple[Value, ...]
    """The values that a step goes to, the lowest first; or words, of which there are no others."""
    off: str = ""
    """What None is called."""
    whole: bool = False
    """Whether only whole numbers make sense."""
    tip: str = ""
    bounded: bool = False
    """Whether what is typed is kept between the ends of the ladder."""

    @property
    def has_words(self) -> bool:
        """Whether its values are words, which nobody types."""
        return isinstance(self.default, str)

    def step(self, value: Value, by: int) -> Value:
        """The next value of the ladder above or below."""
        order = list(self.ladder) if value in self.ladder else sorted([*self.ladder, value], key=_rank)
        return order[min(max(order.index(value) + by, 0), len(order) - 1)]

    def parse(self, text: str) -> Value:
        """The value that was typed; a `ValueError` if it is none."""
        if self.off and text.strip() in ("", self.off):
            return None
        kind = int if self.whole else float
        number = kind(text)
        return kind(min(max(number, _rank(self.ladder[0])), _rank(self.ladder[-1]))) if self.bounded else number

    def show(self, value: Value) -> str:
        """A value in few characters."""
        if value is None:
            return self.off
        if isinstance(value, str):
            return value
        if value == ENDLESS:
            return "endless"
        return f"{value:,}" if self.whole else f"{value:.2f}"


def _rank(value: Value) -> float:
    return -1.0 if value is None else float(value)


def _steps(first: float, last: float, step: float) -> tuple[Value, ...]:
    return tuple(round(first + number * step, 4) for number in range(round((last - first) / step) + 1))


DIALS = (
    Dial(
        "temperature",
        "temperature",
        0.8,
        _steps(0, 2, 0.05),
        tip="under 1 the likely becomes likelier; 0: always the likeliest",
    ),
    Dial(
        "top_k",
        "top-k",
        None,
        (None, 1, 2, 3, 5, 10, 20, 40, 60, 100, 200, 500),
        "off",
        True,
        "among so many of the likeliest",
    ),
    Dial(
        "top_p",
        "top-p",
        None,
        (None, *_steps(0.05, 0.95, 0.05), 0.98, 0.99),
        "off",
        tip="among the likeliest that together have this probability",
    ),
    Dial(
        "min_p",
        "min-p",
        None,
        (None, *_steps(0.01, 0.1, 0.01), *_steps(0.15, 0.5, 0.05)),
        "off",
        tip="among those this many times as likely as the likeliest",
    ),
    Dial(
        "repetition_penalty",
        "repetition",
        1.0,
        _steps(1, 2, 0.05),
        tip="above 1, what was there already becomes less likely",
    ),
    Dial("seed", "seed", None, (None, *range(100)), "any", True, "the same seed, the same text"),
    Dial(
        "length",
        "length",
        500,
        (50, 100, 200, 500, 1000, 2000, 5000, 10_000, ENDLESS),
        "",
        True,
        "tokens to write, at most",
    ),
    Dial("samples", "samples", 1, (1, 2, 3, 4, 5, 6), "", True, "texts side by side", bounded=True),
)


def defaults(dials: Sequence[Dial] = DIALS) -> dict[str, Any]:
    """What each dial stands at in the beginning."""
    return {dial.name: dial.default for dial in dials}
