"""Filtered list of items, one of them chosen."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.message import Message

from seqnlp.tui.widgets.lines import LineScroll


class HasPath(Protocol):
    """An item, known by its path."""

    @property
    def path(self) -> str:
        """Its file or folder."""


Item = TypeVar("Item", bound=HasPath)


class ChoiceList(LineScroll, Generic[Item], can_focus=False):
    """Filtered list: fill in `search_text` and `describe`; the screen passes the arrow keys on."""

    class Chosen(Message):
        """Another one is chosen, or none."""

    def __init__(self) -> None:
        super().__init__()
        self.known: Sequence[Item] = ()
        """All items."""
        self.shown: list[Item] = []
        """Items that match the filter."""
        self.index = 0
        self._words: list[str] = []

    @abstractmethod
    def search_text(self, item: Item) -> str:
        """Text that the filter's words are looked for in."""

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
        """Set the items; the chosen one stays so."""
        self.known = items
        self._update()

    def filter_by(self, text: str) -> None:
        """Show only items with all these words."""
        self._words = text.lower().split()
        self._update()

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

    def _update(self) -> None:
        before = self.chosen
        self.shown = [item for item in self.known if self._matches(item)]
        paths = [item.path for item in self.shown]
        self.index = paths.index(before.path) if before is not None and before.path in paths else 0
        self.virtual_size = Size(0, len(self.shown))
        self.move(0)

    def _matches(self, item: Item) -> bool:
        text = self.search_text(item).lower()
        return all(word in text for word in self._words)
