"""What predictors return; plain data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Tagging:
    """A sentence with its tags."""

    tokens: list[str]
    tags: list[str]
    """One tag a token, of the recipe's first label column."""
    scores: list[float]
    """The probability that the model gives to each tag."""
    columns: dict[str, list[str]]
    """Every label column's tags by the name of the column; the first one is `tags`."""

    def to_json(self) -> dict[str, Any]:
        """A JSON object; `columns` is left out where it says nothing new."""
        data = asdict(self)
        if len(self.columns) == 1:
            del data["columns"]
        return data
