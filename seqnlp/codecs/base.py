"""The contract of a codec: raw text on one side, integers on the other, fitted once and saved as JSON."""

from abc import ABC, abstractmethod
from typing import Any, Self


class Codec(ABC):
    """Knows how to be saved; what it encodes is up to the kind of codec."""

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """All that `from_json` needs to make an equal codec."""

    @classmethod
    @abstractmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Rebuild a saved codec."""
