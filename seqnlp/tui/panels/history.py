"""History overlay: earlier texts and prompts, to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar, final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from seqnlp.tui.history import TEXT, Entry
from seqnlp.tui.widgets.choice_list import ChoiceList
from seqnlp.tui.widgets.lines import column
from seqnlp.tui.widgets.list_dialog import ListDialog
from seqnlp.tui.widgets.run_list import when


@final
class EntryList(ChoiceList[Entry]):
    """A line for each text or prompt: its time, its beginning, its length."""

    DEFAULT_CSS = """
    EntryList { height: 1fr; }
    """

    def search_fields(self, item: Entry) -> tuple[str, str]:
        return item.prompt, item.text

    def describe(self, item: Entry, width: int) -> Content:
        then = when(datetime.fromtimestamp(item.at, UTC).isoformat(), datetime.now().astimezone())
        begun = min(13, max(width - 30, 0))
        size = 16 if width >= 56 else 0
        count = f"{item.samples} × " if item.samples > 1 else ""
        tokens = f"{count}{item.tokens // max(item.samples, 1):,} tokens" if item.kind == TEXT else "prompt"
        prompt, text = _in_one_line(item.prompt), _in_one_line(item.text)
        words = Content.assemble((prompt, "$primary"), text).truncate(max(width - begun - size - 1, 0), ellipsis=True)
        line = column(then, begun, "$muted").append(words)
        return line.pad_right(max(width - size - line.cell_length, 0)).append(
            column(tokens, size, "$muted", right=True)
        )


@final
class HistoryScreen(ListDialog[Entry | None]):
    """A modal list with a filter, and the chosen text below it.

    The result of the screen is the chosen entry; None after escape.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "show", priority=True),
        Binding("ctrl+r", "leave", "back", show=False, priority=True),
    ]

    DEFAULT_CSS = """
    HistoryScreen > Vertical { width: 100; max-width: 96%; height: 80%; }
    HistoryScreen EntryList { height: 3fr; min-height: 3; }
    HistoryScreen #text { height: 2fr; min-height: 3; border-top: solid $faint; padding: 0 1; }
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        super().__init__()
        self._entries = entries

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title, box.border_subtitle = "Earlier texts and prompts", "⏎ shows it again · esc leaves"
            yield from self.finder("type to find a text")
            yield EntryList()
            yield Static("", id="text", markup=False)

    def on_mount(self) -> None:
        self.query_one(EntryList).offer(self._entries)

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        event.stop()
        for entries in self.query(EntryList):
            entries.filter_by(event.value)

    @on(EntryList.Chosen)
    def _chosen(self) -> None:
        chosen = self.query_one(EntryList).chosen
        none = "No text has these words." if self._entries else "Nothing was written here yet."
        content = Content.styled(none, "$muted")
        if chosen is not None:
            content = Content.assemble((chosen.prompt, "bold $primary"), chosen.text)
        self.query_one("#text", Static).update(content)

    def result(self) -> Entry | None:
        return self.query_one(EntryList).chosen


def _in_one_line(text: str) -> str:
    """A text in one line."""
    return "".join(sign if sign.isprintable() else " " for sign in text)
