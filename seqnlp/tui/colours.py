"""A colour for each label, always the same as long as the screen is open."""

from __future__ import annotations

from typing import final

from seqnlp.tui.themes import LABELS


@final
class Colours:
    """Gives the next colour to a label that was not seen before; after the last one they begin again."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def of(self, label: str) -> str:
        """The variable of the theme for a label."""
        number = self._numbers.setdefault(label, len(self._numbers))
        return f"${LABELS[number % len(LABELS)]}"
