"""Sweeps: the values of a setting in the cells of a grid, as `temperature=0.4:1.2:5` or `seed=1,2,3`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, final

from seqnlp.errors import UsageError
from seqnlp.generation.settings import NUMBERS
from seqnlp.limits import CELLS
from seqnlp.spelling import nearest_or_all

RUN = "run"
"""Name of the setting that is another run."""

SWEPT = (*(name for name in NUMBERS if name != "beams"), RUN)
"""Settings that a sweep can vary."""

OFF = "off"

DEFAULT_VALUES = 5
"""Values of a range without a number of its own."""

_FORM = re.compile(r"\s*([A-Za-z_-]+)\s*(?:=|\s)\s*(.+?)\s*")
_RANGE = re.compile(r"\s*([^\s:,]+)\s*(?::|\.\.)\s*([^\s:,]+?)(?:\s*(?::|\s)\s*(\S+))?\s*")


@final
@dataclass(frozen=True)
class Sweep:
    """Values of one setting."""

    name: str
    values: tuple[Any, ...]

    @classmethod
    def parse(cls, text: str) -> Sweep:
        """Parse a sweep.

        Args:
            text: `NAME=VALUE,VALUE,...`, `NAME=FIRST:LAST:COUNT` or `NAME FIRST .. LAST COUNT`.

        Raises:
            seqnlp.errors.UsageError: it is none.
        """
        found = _FORM.fullmatch(text)
        if found is None:
            raise UsageError(f"sweep {text!r}: expected a setting and its values, such as temperature=0.4:1.2:5")
        name, values = found[1].replace("-", "_"), found[2]
        if name not in SWEPT:
            raise UsageError(f"sweep {text!r}: {name} can't be swept; {nearest_or_all(name, SWEPT)}")
        if name == RUN:
            parts = tuple(part.strip() for part in values.split(","))
            if not all(parts):
                raise UsageError(f"sweep {text!r}: expected runs, with commas between them")
            return cls(name, _distinct(text, parts))
        bounds = _RANGE.fullmatch(values)
        if bounds is None:
            return cls(name, _distinct(text, tuple(_value(name, part) for part in values.split(","))))
        return cls(name, _distinct(text, _evenly(text, name, *bounds.groups())))

    def label(self, value: Any) -> str:
        """A value in few characters."""
        return OFF if value is None else value if isinstance(value, str) else f"{value:g}"


def _value(name: str, text: str) -> int | float | None:
    return None if text.strip() == OFF and name not in ("temperature", "seed") else NUMBERS[name].parse(name, text)


def _evenly(text: str, name: str, first: str, last: str, count: str | None) -> tuple[int | float, ...]:
    """Evenly spaced values of a range, rounded for whole-number settings."""
    low, high = NUMBERS[name].parse(name, first), NUMBERS[name].parse(name, last)
    try:
        number = DEFAULT_VALUES if count is None else int(count)
    except ValueError:
        number = 0
    if not CELLS.low <= number <= CELLS.high:
        expected = f"from {CELLS.low} to {CELLS.high}"
        raise UsageError(f"sweep {text!r}: expected a number of values {expected}, found {count}")
    steps = [low + (high - low) * place / (number - 1) for place in range(number)]
    return tuple(round(step) if isinstance(low, int) else round(step, 6) for step in steps)


def _distinct(text: str, values: tuple[Any, ...]) -> tuple[Any, ...]:
    distinct = tuple(dict.fromkeys(values))
    if len(distinct) < 2:
        raise UsageError(f"sweep {text!r}: expected two values or more that differ")
    return distinct


def cells_of(sweeps: Sequence[Sweep], most: int) -> list[dict[str, Any]]:
    """Settings of each cell: all combinations of the values.

    Args:
        sweeps: Each of another setting.
        most: Cells that there may be.

    Raises:
        seqnlp.errors.UsageError: a setting is swept twice, or there are too many cells.
    """
    names = [sweep.name for sweep in sweeps]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"sweep: {twice} is swept twice; give all its values in one")
    cells = [dict(zip(names, values, strict=True)) for values in product(*(sweep.values for sweep in sweeps))]
    if len(cells) > most:
        raise UsageError(f"sweep: {len(cells)} cells; expected {most} or less")
    return cells


def title_of(cell: Mapping[str, Any]) -> str:
    """Settings of a cell in one line."""
    return ", ".join(
        f"{name} {OFF if value is None else value if name == RUN else f'{value:g}'}" for name, value in cell.items()
    )


def markdown(prompt: str, cells: Sequence[Mapping[str, Any]], texts: Sequence[str]) -> str:
    """Markdown table with a row for each cell: its settings, and the text after the prompt."""
    names = list(dict.fromkeys(name for cell in cells for name in cell))
    rows = [[*names, "text"], [*("--:" if name != RUN else "---" for name in names), "---"]]
    for cell, text in zip(cells, texts, strict=True):
        values = [OFF if cell.get(name) is None else str(cell[name]) for name in names]
        rows.append([*(_in_cell(value) for value in values), _in_cell(text)])
    table = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    return f"{_in_cell(prompt)}\n\n{table}" if prompt else table


def _in_cell(text: str) -> str:
    """Escape a text for one cell of a Markdown table."""
    safe = re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", text.strip("\n"))
    return safe.replace("\n", "<br>")
