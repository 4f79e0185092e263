"""Filtered list of items, one of them chosen."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.message import Message

from seqnlp.tui.matching import best_matches
from seqnlp.tui.widgets.lines import LineScroll


class HasPath(Protocol):
    """An item, known by its path."""

    @property
    def path(self) -> str:
        """Its file or folder."""


Item = TypeVar("Item", bound=HasPath)


class ChoiceList(LineScroll, Generic[Item], can_focus=False):
    """Filtered list: fill in `search_fields` and `describe`; the screen passes the arrow keys on."""

    class Chosen(Message):
        """Another one is chosen, or none."""

    def __init__(self) -> None:
        super().__init__()
        self.known: Sequence[Item] = ()
        """All items."""
        self.shown: list[Item] = []
        """Items that match the filter."""
        self.index = 0
        self._query = ""

    @abstractmethod
    def search_fields(self, item: Item) -> tuple[str, str]:
        """Name of an item, and other text in which the filter searches."""

    @abstractmethod
    def describe(self, item: Item, width: int) -> Content:
        """Line of an item, in a width in cells."""

    def mark_of(self, item: Item) -> str:
        """Sign before the line of an item, a column wide."""
        return " "

    @property
    def chosen(self) -> Item | None:
        """The item under the cursor."""
        return self.shown[self.index] if self.shown else None

    def offer(self, items: Sequence[Item]) -> None:
        """Set the items; the chosen one stays chosen, or the one in its place if it is gone."""
        self.known = items
        self._update(self.chosen, self.index)

    def filter_by(self, text: str) -> None:
        """Show only items with all these words, and choose the best match; without words the choice stays."""
        other = text.split() != self._query.split()
        self._query = text
        self._update(None if other and text.split() else self.chosen, 0)

    def move(self, by: int) -> None:
        """Choose another item."""
        self.index = max(min(self.index + by, len(self.shown) - 1), 0)
        self.show_lines(self.index, self.index)
        self.refresh()
        self.post_message(self.Chosen())

    def on_resize(self) -> None:
        self.show_lines(self.index, self.index)

    def on_click(self, event: events.Click) -> None:
        number = self.line_under(event)
        if 0 <= number < len(self.shown):
            self.move(number - self.index)

    def line(self, number: int, width: int) -> Content | None:
        if number >= len(self.shown):
            return None
        item, here = self.shown[number], number == self.index
        sign = Content.styled(("▌" if here else " ") + self.mark_of(item), "$accent")
        line = sign.append(self.describe(item, width - 2))
        return line.stylize("on $panel bold") if here else line

    def _update(self, chosen: Item | None, otherwise: int) -> None:
        """Filter the items, and choose one: the same as before, or else the one at a place."""
        self.shown = best_matches(self._query, self.known, self.search_fields)
        paths = [item.path for item in self.shown]
        self.index = paths.index(chosen.path) if chosen is not None and chosen.path in paths else otherwise
        self.virtual_size = Size(0, len(self.shown))
        self.move(0)
