"""A list of things of which one is chosen, with those left out that do not match what was typed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.message import Message

from seqnlp.tui.widgets.line_scroll import LineScroll


class Placed(Protocol):
    """What lies somewhere, and is known by that."""

    @property
    def path(self) -> str:
        """Where it lies."""


Item = TypeVar("Item", bound=Placed)


class ChoiceList(LineScroll, Generic[Item], can_focus=False):
    """Fill in `searched` and `describe`; the screen passes the arrow keys on, for one types elsewhere."""

    class Chosen(Message):
        """Another one is chosen, or none."""

    def __init__(self) -> None:
        super().__init__()
        self.known: Sequence[Item] = ()
        """All of them."""
        self.shown: list[Item] = []
        """Those that match what was typed."""
        self.index = 0
        self._words: list[str] = []

    @abstractmethod
    def searched(self, item: Item) -> str:
        """The text in which the words that were typed are looked for."""

    @abstractmethod
    def describe(self, item: Item, width: int) -> Content:
        """The line of one, in a width in cells."""

    def mark_of(self, item: Item) -> str:
        """A sign before the line of one, a column wide."""
        return " "

    @property
    def chosen(self) -> Item | None:
        """The one under the cursor."""
        return self.shown[self.index] if self.shown else None

    def offer(self, items: Sequence[Item]) -> None:
        """Show these; the one that was chosen stays so."""
        self.known = items
        self._update()

    def filter_by(self, text: str) -> None:
        """Show only those that have all these words."""
        self._words = text.lower().split()
        self._update()

    def move(self, by: int) -> None:
        """Choose another one."""
        self.index = max(min(self.index + by, len(self.shown) - 1), 0)
        self.show_lines(self.index, self.index)
        self.refresh()
        self.post_message(self.Chosen())

    def on_resize(self) -> None:
        """The chosen one stays in sight."""
        self.show_lines(self.index, self.index)

    def on_click(self, event: events.Click) -> None:
        """Choose the one that was clicked on."""
        number = self.line_under(event)
        if 0 <= number < len(self.shown):
            self.move(number - self.index)

    def line(self, number: int, width: int) -> Content | None:
        """One of them, marked if it is chosen."""
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
        text = self.searched(item).lower()
        return all(word in text for word in self._words)
