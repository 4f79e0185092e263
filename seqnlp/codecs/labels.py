"""Labels: the tags or classes that a decoder chooses from."""

from collections.abc import Iterable, Sequence
from typing import Any, Self, final

import numpy as np
from numpy.typing import NDArray

from seqnlp.codecs.base import Codec

UNSEEN = -1


@final
class Labels(Codec):
    """Label <-> integer. A label that train did not have is -1: never predicted, and counted as wrong."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = list(names)
        self._number = {name: number for number, name in enumerate(self.names)}

    @classmethod
    def fit(cls, labels: Iterable[str]) -> Self:
        """Number the distinct labels in alphabetical order."""
        return cls(sorted(set(labels)))

    def __len__(self) -> int:
        return len(self.names)

    def encode(self, labels: Sequence[str]) -> NDArray[np.int64]:
        """The number of each label; shape (labels,)."""
        return np.fromiter((self._number.get(label, UNSEEN) for label in labels), np.int64, len(labels))

    def unseen(self, labels: Sequence[str]) -> list[str]:
        """Those of some labels that have no number."""
        return [label for label in labels if label not in self._number]

    def decode(self, numbers: Iterable[int]) -> list[str]:
        """The names of some numbers."""
        return [self.names[number] for number in numbers]

    def to_json(self) -> dict[str, Any]:
        """Names in order."""
        return {"labels": self.names}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The inverse of `to_json`."""
        return cls(data["labels"])
