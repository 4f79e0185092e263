"""Contract of a codec: raw data <-> arrays, fitted once, saved as JSON."""

from abc import ABC, abstractmethod
from typing import Any, Self


class Codec(ABC):
    """Encoder and decoder of one kind of data."""

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """Serialize to an object from which `from_json` makes an equal codec."""

    @classmethod
    @abstractmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Rebuild a serialized codec."""
