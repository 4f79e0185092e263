"""Choice of a label: from a filtered list, or a new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from seqnlp.tui.widgets.choice_list import ChoiceList
from seqnlp.tui.widgets.lines import column
from seqnlp.tui.widgets.list_dialog import ListDialog


@final
@dataclass(frozen=True)
class Label:
    """A label with its probability."""

    path: str
    """Its name."""
    share: float


@final
class LabelList(ChoiceList[Label]):
    """Labels, the likeliest first."""

    DEFAULT_CSS = """
    LabelList { height: 1fr; min-height: 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.marked: list[str] = []

    def search_fields(self, item: Label) -> tuple[str, str]:
        return item.path, ""

    def describe(self, item: Label, width: int) -> Content:
        return column(item.path, width - 8).append(Content.styled(f"{100 * item.share:6.1f}%", "$muted"))

    def mark_of(self, item: Label) -> str:
        """A dot for a marked label."""
        return "●" if item.path in self.marked else " "


@final
class LabelScreen(ListDialog[list[str] | None]):
    """A modal list; its result are the chosen labels, or None after escape."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "choose", priority=True),
        Binding("tab", "mark", "mark", priority=True),
    ]

    DEFAULT_CSS = """
    LabelScreen > Vertical { width: 50; height: 18; }
    LabelScreen #new { height: auto; color: $muted; }
    """

    def __init__(self, heading: str, labels: Sequence[tuple[str, float]], several: Sequence[str] | None = None) -> None:
        """Set up.

        Args:
            heading: Stands in the frame.
            labels: Labels and their probabilities, the likeliest first.
            several: The labels that are marked at first, where any number may be chosen; None for exactly one.
        """
        super().__init__()
        self._heading, self._labels, self._several = heading, labels, several

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            marks = "" if self._several is None else "tab marks · "
            box.border_title, box.border_subtitle = self._heading, f"{marks}⏎ takes it · esc leaves"
            yield from self.finder("type to find a label, or a new one")
            yield LabelList()
            yield Static("", id="new", markup=False)

    def on_mount(self) -> None:
        labels = self.query_one(LabelList)
        labels.marked = list(self._several or ())
        labels.offer([Label(name, share) for name, share in self._labels])

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        event.stop()
        labels, text = self.query_one(LabelList), event.value.strip()
        labels.filter_by(text)
        is_new = bool(text) and not labels.shown
        self.query_one("#new", Static).update(f"⏎ takes {text} as a new label" if is_new else "")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "mark" or self._several is not None

    def action_mark(self) -> None:
        """Mark the label, or unmark it."""
        labels = self.query_one(LabelList)
        if labels.chosen is not None:
            name = labels.chosen.path
            labels.marked = [
                *(other for other in labels.marked if other != name),
                *[name] * (name not in labels.marked),
            ]
            labels.refresh()

    def result(self) -> list[str] | None:
        labels, text = self.query_one(LabelList), self.query_one(Input).value.strip()
        chosen = [labels.chosen.path] if labels.chosen is not None else [text] if text else []
        if self._several is None:
            return chosen or None
        return [*labels.marked, text] if labels.chosen is None and text else labels.marked
