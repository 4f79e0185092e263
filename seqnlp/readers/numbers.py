"""Numbers as texts: decimal and thousands separators."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

MISSING = ("", "na", "n/a", "nan", "null", "none")
"""Texts of a missing value, in upper or lower case."""
BLANKS = " \u00a0\u2009\u202f"
"""Characters between thousands where these are set apart by blanks."""
APOSTROPHES = "'\u2019"


@final
@dataclass(frozen=True)
class NumberFormat:
    """Separators of numbers: `1,234.5` has the decimal `.` and the thousands `,`."""

    decimal: str = "."
    thousands: str | None = None

    @property
    def is_plain(self) -> bool:
        """True for numbers as Python writes them."""
        return self == PLAIN

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        between = self._thousands
        whole = rf"\d{{1,3}}(?:{between}\d{{2,3}})*{between}\d{{3}}|\d+" if between else r"\d+"
        point = re.escape(self.decimal)
        return re.compile(rf"[+-]?(?:(?:{whole})(?:{point}\d*)?|{point}\d+)(?:[eE][+-]?\d+)?")

    @property
    def _thousands(self) -> str:
        """Character class of the thousands separator; empty for none."""
        sign = self.thousands or ""
        alike = next((signs for signs in (BLANKS, APOSTROPHES) if sign and sign in signs), sign)
        return f"[{re.escape(alike)}]" if alike else ""

    def parse(self, cell: Any) -> float:
        """Parse a cell; NaN for what is no number."""
        if not isinstance(cell, str) or self.is_plain:
            return number_or_nan(cell)
        text = cell.strip().replace("\u2212", "-")
        if self._pattern.fullmatch(text) is None:
            return math.nan
        if self._thousands:
            text = re.sub(self._thousands, "", text)
        return float(text.replace(self.decimal, "."))

    def parse_all(self, cells: Sequence[Any]) -> NDArray[np.float64]:
        """Parse cells; NaN for each that is no number."""
        if self.is_plain and not any(isinstance(cell, str) and "_" in cell for cell in cells):
            try:
                return np.array(cells, np.float64)
            except (ValueError, TypeError):
                pass
        return np.array([self.parse(cell) for cell in cells], np.float64)

    def settings(self) -> dict[str, str]:
        """Settings of a reader that differ from the defaults."""
        found = {} if self.decimal == "." else {"decimal": self.decimal}
        return found if self.thousands is None else {**found, "thousands": self.thousands}


PLAIN = NumberFormat()
FORMATS = (
    *(PLAIN, NumberFormat(","), NumberFormat(",", "."), NumberFormat(".", ",")),
    *(NumberFormat(",", " "), NumberFormat(".", " "), NumberFormat(".", "'"), NumberFormat(",", "'")),
)
"""Usual formats, the likeliest first."""
GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+")


def number_or_nan(cell: Any) -> float:
    """Number in a cell as Python writes it; NaN where there is none."""
    try:
        return math.nan if isinstance(cell, str) and "_" in cell else float(cell)
    except (ValueError, TypeError, OverflowError):
        return math.nan


def is_missing(cell: Any, others: Collection[str] = ()) -> bool:
    """True for a missing value; `others` are texts of one beside the usual."""
    return cell is None or (text := str(cell).strip()).lower() in MISSING or text in others


def likely_format(columns: Iterable[Sequence[str]], delimiter: str = ",") -> NumberFormat | None:
    """Likeliest format of numbers: the one that fits most columns.

    Args:
        columns: Cells of each column.
        delimiter: Between the columns; where it is a comma, `1,234` in quotes is a thousand.

    Returns:
        None if no column holds numbers.
    """
    present = [[cell.strip() for cell in column if not is_missing(cell)] for column in columns]
    fits = {
        each: sum(bool(cells) and not any(math.isnan(each.parse(cell)) for cell in cells) for cells in present)
        for each in FORMATS
    }
    most = max(fits.values(), default=0)
    if not most:
        return None
    fitting = [each for each in FORMATS if fits[each] == most]
    with_comma = [cell for cells in present for cell in cells if "," in cell]
    thousands = NumberFormat(".", ",")
    several = any(cell.count(",") > 1 for cell in with_comma)
    if fitting[0] == NumberFormat(",") and thousands in fitting and (delimiter == "," or several):
        return thousands if all(map(GROUPED.match, with_comma)) else fitting[0]
    return fitting[0]
