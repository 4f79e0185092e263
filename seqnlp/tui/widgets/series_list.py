"""The series of a forecast, to choose from."""

from __future__ import annotations

from typing import final

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from seqnlp.tui.widgets.name_list import NameList


@final
class SeriesList(Vertical):
    """The series to choose from."""

    DEFAULT_CSS = """
    SeriesList {
        width: 22; padding: 0 1; border-left: solid $faint; display: none;
        & > .name { color: $primary; text-style: bold; height: 1; margin-left: 2; }
    }
    """

    def compose(self) -> ComposeResult:
        """A heading and the names."""
        yield Static("series", classes="name")
        yield NameList("series")
