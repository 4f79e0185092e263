"""Base of screens and panels whose widgets may not be there."""

from __future__ import annotations

from textual import events, on
from textual.dom import DOMNode


class Openable(DOMNode):
    """Node that is open while all of its widgets are there."""

    _composed = 0

    @property
    def is_composed(self) -> bool:
        """False before the widgets are there."""
        return self._composed > 0

    @property
    def is_open(self) -> bool:
        """False before the widgets are there, and once they are being removed."""
        return self.is_attached and self.is_composed and self._composed <= len(self.query("*"))

    @on(events.Mount)
    def _count_widgets(self) -> None:
        self._composed = len(self.query("*"))
