"""Columns that are added to a table: names, types, and cells in csv, JSON and Arrow."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from seqnlp.errors import DataError
from seqnlp.json_text import to_json

if TYPE_CHECKING:
    import pyarrow

Leaf: TypeAlias = Literal["text", "number", "whole"]
Shape: TypeAlias = "Leaf | list[Shape] | dict[str, Shape]"
"""Type of a value: a string, a float64, an int64, a list of one type, or an object with these keys."""
Values: TypeAlias = "Mapping[str, Any] | None"
"""Added values of a record by key; None for a record without a prediction."""


def cell_text(value: Any) -> str:
    """Text of a value in a csv: strings in a list are joined by blanks, and other lists are JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return " ".join(value)
    return to_json(value)


@dataclass(frozen=True)
class Added:
    """Column to be added."""

    key: str
    """Name of its values in a prediction."""
    shape: Shape
    cell: Callable[[Any], str] = cell_text
    """Text of a value in a csv."""
    prefix: str = ""
    """Beginning of its name in the file."""

    @property
    def name(self) -> str:
        """Name of the column in the file."""
        return self.prefix + self.key

    def headings(self) -> list[str]:
        """Names of its columns in a csv; an object has one for each key: `scores.good`."""
        return [f"{self.name}.{key}" for key in self.shape] if isinstance(self.shape, dict) else [self.name]

    def cells(self, value: Any) -> list[str]:
        """Cells of a value in a csv."""
        if isinstance(self.shape, dict):
            return [self.cell((value or {}).get(key)) for key in self.shape]
        return ["" if value is None else self.cell(value)]


def headings(added: Sequence[Added]) -> list[str]:
    """Names of the added columns of a csv."""
    return [name for column in added for name in column.headings()]


def cells(added: Sequence[Added], values: Values) -> list[str]:
    """Cells of the added columns of a csv: in the order of `headings`."""
    return [cell for column in added for cell in column.cells(plain((values or {}).get(column.key)))]


def named(added: Sequence[Added], values: Values) -> dict[str, Any]:
    """Values of the added columns by their names; null where there is none."""
    return {column.name: plain((values or {}).get(column.key)) for column in added}


def plain(value: Any) -> Any:
    """Round the numbers in a value to the digits of a float32; tuples become lists."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return value


def arrow_type(shape: Shape) -> pyarrow.DataType:
    """Arrow type of a shape."""
    import pyarrow as pa

    if isinstance(shape, dict):
        return pa.struct([(key, arrow_type(inner)) for key, inner in shape.items()])
    if isinstance(shape, list):
        return pa.list_(arrow_type(shape[0]))
    return {"text": pa.string(), "number": pa.float64(), "whole": pa.int64()}[shape]


def check_free(names: Collection[str], present: Collection[str], source: str, line: int | None = None) -> None:
    """Check that the names of added columns are not taken.

    Raises:
        seqnlp.errors.DataError: one is; names the option that gives other names.
    """
    for name in names:
        if name in present:
            hint = f"--column-prefix predicted_ calls the new one predicted_{name}"
            raise DataError(f"there is a column {name!r} already", source, line, hint)


def check_distinct(names: Sequence[str], source: str) -> None:
    """Check that columns have different names, as objects need them.

    Raises:
        seqnlp.errors.DataError: two have the same.
    """
    for name in names:
        if names.count(name) > 1:
            problem = f"{names.count(name)} columns are called {name!r}"
            raise DataError(problem, source, hint="only a file of the input's own format keeps them")
