"""Options of the configuration file: their kinds, ranges, defaults and help."""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from seqnlp.limits import LENGTH, REPETITION_PENALTY, SEED, SHARE, TEMPERATURE, TOP_K, Range
from seqnlp.spelling import did_you_mean

COLOUR = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")

HEAT_LEVELS, LABEL_COLOURS = 6, 8
"""Colours of tokens by surprise, and of labels, in a theme."""


class BadValue(Exception):
    """A value that an option does not take: the problem, and a hint."""

    def __init__(self, problem: str, hint: str = "") -> None:
        super().__init__(problem)
        self.problem, self.hint = problem, hint


class Kind(ABC):
    """Kind of the values of an option."""

    @abstractmethod
    def parse(self, value: object) -> Any:
        """Check a value of TOML.

        Raises:
            BadValue: it is none of this kind.
        """

    @abstractmethod
    def schema(self) -> dict[str, Any]:
        """JSON schema of the values."""


@final
@dataclass(frozen=True)
class Flag(Kind):
    """True or false."""

    def parse(self, value: object) -> bool:
        if isinstance(value, bool):
            return value
        hint = f"write {value.lower()}" if isinstance(value, str) and value.lower() in ("true", "false") else ""
        raise BadValue(f"expected true or false, found {shown(value)}", hint)

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@final
@dataclass(frozen=True)
class Number(Kind):
    """A number in a range; integers alone if `whole`."""

    range: Range
    whole: bool = False

    def parse(self, value: object) -> float:
        noun = "an integer" if self.whole else "a number"
        is_number = isinstance(value, int if self.whole else int | float) and not isinstance(value, bool)
        low, high = self.range.low, self.range.high
        if not is_number or not isinstance(value, int | float):
            hint = ""
            if isinstance(value, str):
                try:
                    hint = f"write {(int if self.whole else float)(value)}, without quotes"
                except ValueError:
                    hint = ""
            raise BadValue(f"expected {noun} from {low:,} to {high:,}, found {shown(value)}", hint)
        if not low <= value <= high:
            nearest = (
                "" if isinstance(value, float) and math.isnan(value) else f"nearest is {low if value < low else high:,}"
            )
            raise BadValue(f"expected {noun} from {low:,} to {high:,}, found {value:,}", nearest)
        return value

    def schema(self) -> dict[str, Any]:
        kind = "integer" if self.whole else "number"
        return {"type": kind, "minimum": self.range.low, "maximum": self.range.high}


@final
@dataclass(frozen=True)
class Choice(Kind):
    """One of some words or numbers."""

    values: tuple[str | float, ...]

    def parse(self, value: object) -> str | float:
        if isinstance(value, str | int | float) and not isinstance(value, bool) and value in self.values:
            return value
        listed = ", ".join(map(shown, self.values))
        words = [each for each in self.values if isinstance(each, str)]
        hint = did_you_mean(value, words, '"') if isinstance(value, str) else ""
        raise BadValue(f"expected one of {listed}, found {shown(value)}", hint)

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.values)}


@final
@dataclass(frozen=True)
class Text(Kind):
    """Text: a name that is checked once all are known."""

    noun: str

    def parse(self, value: object) -> str:
        if isinstance(value, str) and value.strip():
            return value
        raise BadValue(f"expected {self.noun}, found {shown(value)}")

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "minLength": 1}


@final
@dataclass(frozen=True)
class Colour(Kind):
    """A colour as hexadecimal digits."""

    def parse(self, value: object) -> str:
        if isinstance(value, str) and COLOUR.fullmatch(value):
            return value
        hint = ""
        if isinstance(value, str) and COLOUR.fullmatch(f"#{value}"):
            hint = f'write "#{value}"'
        raise BadValue(f'expected a colour such as "#7fb0c8", found {shown(value)}', hint)

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{COLOUR.pattern}$"}


@final
@dataclass(frozen=True)
class Colours(Kind):
    """An array with a number of colours."""

    count: int

    def parse(self, value: object) -> tuple[str, ...]:
        if not isinstance(value, list) or len(value) != self.count:
            found = f"{len(value)}" if isinstance(value, list) else shown(value)
            raise BadValue(f"expected an array of {self.count} colours, found {found}")
        return tuple(Colour().parse(each) for each in value)

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": Colour().schema(), "minItems": self.count, "maxItems": self.count}


@final
@dataclass(frozen=True)
class Keys(Kind):
    """One key, or an array of keys that all do the same."""

    def parse(self, value: object) -> tuple[str, ...]:
        keys = [value] if isinstance(value, str) else value
        if not isinstance(keys, list) or not keys or not all(isinstance(key, str) and key for key in keys):
            raise BadValue(f'expected a key such as "ctrl+o", or an array of some, found {shown(value)}')
        return tuple(str(key) for key in keys)

    def schema(self) -> dict[str, Any]:
        one = {"type": "string", "minLength": 1}
        return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]}


@final
@dataclass(frozen=True)
class Option:
    """One option of a section."""

    kind: Kind
    default: Any
    """None: the application decides."""
    help: str
    example: object = None
    """For the template, where the default is None."""


SORTS = ("begun", "name", "task", "score", "size")
"""Columns that the runs can be sorted by."""

OPTIONS: Mapping[str, Mapping[str, Option]] = {
    "": {
        "theme": Option(
            Text("the name of a theme"), None, "Theme at the start; without it, the one chosen last.", "paper"
        )
    },
    "restore": {
        "screen": Option(Flag(), True, "Open the run again that was open at the end, unless another one is named."),
        "texts": Option(Flag(), True, "Show the last text, file or prompt of a run again."),
        "sort": Option(Flag(), True, "Sort the runs as they were sorted last."),
    },
    "home": {
        "sort": Option(Choice(SORTS), "begun", "Column that the runs are sorted by at first."),
        "preview": Option(Flag(), True, "Show a preview of the run under the cursor where there is room."),
    },
    "tag": {
        "scores": Option(Flag(), False, "Show the probability of each tag at first."),
        "second": Option(Flag(), False, "Show the second-best label of each word at first."),
    },
    "classify": {"numbers": Option(Flag(), False, "Show contributions as numbers at first.")},
    "forecast": {
        "history": Option(Choice((0.5, 1, 2, 4, 8)), 2, "Length of the history in horizons at first."),
        "interval": Option(Flag(), True, "Show the interval at first."),
        "level": Option(
            Choice((50, 90, 95)), None, "Level of the interval in percent; without it, the model's own.", 90
        ),
    },
    "generate": {
        "temperature": Option(Number(TEMPERATURE), None, "Sampling temperature at first; 0 is greedy.", 0.8),
        "top_k": Option(Number(TOP_K, whole=True), None, "Number of the likeliest tokens to draw from at first.", 40),
        "top_p": Option(Number(SHARE), None, "Probability of the likeliest tokens to draw from at first.", 0.95),
        "min_p": Option(Number(SHARE), None, "Least probability in terms of the likeliest token's at first.", 0.05),
        "repetition_penalty": Option(Number(REPETITION_PENALTY), None, "Penalty of repetitions at first.", 1.1),
        "seed": Option(Number(SEED, whole=True), None, "Seed at first; without it, any.", 1),
        "length": Option(Number(LENGTH, whole=True), None, "Tokens to write at first.", 500),
        "samples": Option(Number(Range(1, 6), whole=True), None, "Texts side by side at first.", 1),
    },
}
"""Options by section; those of the file itself under an empty name."""

THEME: Mapping[str, Option] = {
    "base": Option(Choice(("night", "paper")), "night", "Theme whose colours it has where it names none."),
    **{
        name: Option(Colour(), None, f"Colour of {what}.", "#7fb0c8")
        for name, what in {
            "primary": "headings and of what belongs to the first run",
            "secondary": "values",
            "accent": "the cursor and of keys",
            "warning": "warnings",
            "error": "errors",
            "success": "what went well",
            "foreground": "text",
            "background": "the background",
            "surface": "footer and boxes",
            "panel": "the header and of the chosen line",
            "muted": "less important text",
            "faint": "lines between panes",
        }.items()
    },
    "heat": Option(Colours(HEAT_LEVELS), None, "Colours of tokens, from expected to surprising."),
    "labels": Option(Colours(LABEL_COLOURS), None, "Colours of labels, in the order in which they are seen."),
}
"""Options of a theme of one's own, `[themes.NAME]`."""

SECTIONS = {
    "restore": "What a start shows again.",
    "home": "The list of runs.",
    "tag": "Taggers.",
    "classify": "Classifiers.",
    "forecast": "Forecasters.",
    "generate": "Language models: settings of sampling.",
    "keys": "Other keys, by the names that `seqnlp config keys` lists.",
    "themes": "Themes of one's own, each in a table `[themes.NAME]`.",
}
"""Help of each section."""


def shown(value: object) -> str:
    """A value as TOML would write it, cut if it is long."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        text = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    elif isinstance(value, list):
        text = "[" + ", ".join(map(shown, value)) + "]"
    elif isinstance(value, dict):
        text = "a table"
    else:
        text = f"{value}"
    return text if len(text) <= 60 else text[:59] + "…"
