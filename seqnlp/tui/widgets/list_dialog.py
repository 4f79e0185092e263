"""Modal list with a filter, of which one item is chosen."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import ScreenResultType
from textual.widgets import Input, Static

from seqnlp.tui.widgets.choice_list import ChoiceList
from seqnlp.tui.widgets.dialog import Dialog


class ListDialog(Dialog[ScreenResultType]):
    """Dialog with a `ChoiceList`: the arrows walk it while one types into its filter."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "above", show=False, priority=True),
        Binding("down", "move(1)", "below", show=False, priority=True),
        Binding("pageup", "move(-10)", "ten above", show=False, priority=True),
        Binding("pagedown", "move(10)", "ten below", show=False, priority=True),
    ]

    DEFAULT_CSS = """
    ListDialog > Vertical { padding: 1 2; }
    ListDialog #finder { height: 2; }
    ListDialog #finder > .sign { width: 2; color: $accent; }
    ListDialog #filter { border: none; height: 1; padding: 0; width: 1fr; background: $surface; }
    ListDialog ChoiceList { background: $surface; }
    """

    @abstractmethod
    def result(self) -> ScreenResultType | None:
        """Result of the choice as it is."""

    def finder(self, placeholder: str) -> ComposeResult:
        """The line of the filter."""
        with Horizontal(id="finder"):
            yield Static("❯", classes="sign")
            yield Input(placeholder=placeholder, id="filter", compact=True)

    def action_move(self, by: int) -> None:
        """Move the choice by so many items."""
        for items in self.query(ChoiceList):  # none while the screen is being left
            items.move(by)

    def action_choose(self) -> None:
        """Close with what is chosen."""
        self.call_later(self._dismiss_chosen)  # the filter first gets the keys typed before

    def _dismiss_chosen(self) -> None:
        if self.is_current:  # else enter was pressed twice, and the list is gone
            self.dismiss(self.result())
