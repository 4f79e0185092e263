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


@dataclass(frozen=True)
class Classification:
    """A text with its class, or with its labels where it may have several."""

    tokens: list[str]
    labels: list[str]
    """The chosen classes, the likeliest first: one, or any number. A text without words has none."""
    scores: dict[str, float]
    """The probability that the model gives to each class, the likeliest first."""
    contributions: list[float] | None = None
    """How much each token did for the likeliest class, if that was asked for."""

    @property
    def label(self) -> str | None:
        """The likeliest of the chosen classes; None if there is none."""
        return self.labels[0] if self.labels else None

    def to_json(self) -> dict[str, Any]:
        """A JSON object; `contributions` is left out if nobody asked for them."""
        data = {"label": self.label, **asdict(self)}
        if self.contributions is None:
            del data["contributions"]
        return data
