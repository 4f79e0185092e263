"""Order of a list of runs."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, final

from seqnlp.run.summary import Summary
from seqnlp.tui.configuration.options import SORTS
from seqnlp.tui.listing import BROKEN, noun_of

COLUMNS: dict[str, Callable[[Summary], Any]] = {
    "begun": lambda run: run.created,
    "name": lambda run: run.name.casefold(),
    "task": lambda run: noun_of(run.task) if run.task else "",
    "score": lambda run: run.score,
    "size": lambda run: run.model_bytes or None,
}
"""Value of a run in each column; None or an empty text if it has none."""

assert tuple(COLUMNS) == SORTS

FIRST_DOWN = ("begun", "score", "size")
"""Columns that are sorted with the greatest first at first."""


@final
@dataclass(frozen=True)
class Order:
    """Column and direction."""

    column: str = "begun"
    down: bool = True
    """The greatest first."""

    @classmethod
    def parse(cls, text: str, otherwise: str = "begun") -> Order:
        """Order in a text such as `-score`; one that makes no sense counts as another column."""
        column = text.removeprefix("-")
        return cls(column, text.startswith("-")) if column in COLUMNS else cls.of(otherwise)

    @classmethod
    def of(cls, column: str) -> Order:
        """Order by a column, in its usual direction."""
        return cls(column, column in FIRST_DOWN)

    def __str__(self) -> str:
        return f"{'-' * self.down}{self.column}"

    def next(self) -> Order:
        """Order by the next column."""
        names = list(COLUMNS)
        return self.of(names[(names.index(self.column) + 1) % len(names)])

    def reversed(self) -> Order:
        """The other direction."""
        return Order(self.column, not self.down)

    def chosen(self, column: str) -> Order:
        """Order by a column; the other way round if it is that already."""
        return self.reversed() if column == self.column else self.of(column)

    def sort(self, runs: Sequence[Summary], live: Collection[str]) -> list[Summary]:
        """Sort runs: those that go on first, the broken last; those without a value last of the others.

        Args:
            runs: Of equal value in their order, the newest first.
            live: States of runs that go on.
        """
        value = COLUMNS[self.column]
        known = [run for run in runs if value(run) not in (None, "")]
        rest = [run for run in runs if value(run) in (None, "")]
        listed = [*sorted(known, key=value, reverse=self.down), *rest]
        return sorted(listed, key=lambda run: (run.state == BROKEN, run.state not in live))


def csv_of(runs: Sequence[Summary]) -> str:
    """Runs as CSV, with all digits."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = ["name", "task", "state", "created", "split", "metric", "score", "model_bytes", "note", "path", "problem"]
    writer.writerow(names)
    for run in runs:
        row = run.to_json()
        writer.writerow(["" if row[name] is None else row[name] for name in names])
    return out.getvalue()
