"""Table of runs: a filtered list with marks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import final

from textual import events
from textual.content import Content
from textual.message import Message

from seqnlp.run.summary import Summary
from seqnlp.tui.flow_layout import cut
from seqnlp.tui.listing import BROKEN, FAILED, noun_of
from seqnlp.tui.run_order import Order
from seqnlp.tui.widgets.choice_list import ChoiceList
from seqnlp.tui.widgets.lines import column
from seqnlp.units import file_size, score

MIN_NAME = 8
"""Columns that a run's state leaves to its name."""


@final
class RunList(ChoiceList[Summary]):
    """Rows of runs, some of them marked."""

    DEFAULT_CSS = """
    RunList { height: 1fr; }
    """

    class Opened(Message):
        """A run shall be opened."""

        def __init__(self, run: Summary) -> None:
            super().__init__()
            self.run = run

    def __init__(self) -> None:
        super().__init__()
        self.marked: list[str] = []
        """Paths of the marked runs, in the order of their marks."""

    def offer(self, items: Sequence[Summary]) -> None:
        """Set the runs; those that are gone lose their marks."""
        paths = {item.path for item in items}
        self.marked = [path for path in self.marked if path in paths]
        super().offer(items)

    def mark(self) -> None:
        """Mark the run under the cursor, or unmark it."""
        if self.chosen is not None:
            path = self.chosen.path
            self.marked = [other for other in self.marked if other != path] + [path] * (path not in self.marked)
            self.refresh()

    def mark_all(self) -> None:
        """Mark all runs that the filter leaves; unmark them if they are marked already."""
        paths = [item.path for item in self.shown]
        others = [path for path in self.marked if path not in paths]
        self.marked = others if set(paths) <= set(self.marked) else [*others, *paths]
        self.refresh()

    def unmark(self) -> None:
        """Unmark all runs."""
        self.marked = []
        self.refresh()

    def open_chosen(self) -> None:
        """Open the run under the cursor."""
        if self.chosen is not None:
            self.post_message(self.Opened(self.chosen))

    def on_click(self, event: events.Click) -> None:
        if event.chain > 1 and self.line_under(event) == self.index:
            self.open_chosen()

    def search_fields(self, item: Summary) -> tuple[str, str]:
        return item.name, f"{item.task} {noun_of(item.task)} {item.state} {item.note}"

    def describe(self, item: Summary, width: int) -> Content:
        return line_of(item, width - 2)

    def mark_of(self, item: Summary) -> str:
        """A dot for a marked run."""
        return "●" if item.path in self.marked else " "


def heading_of(width: int, order: Order) -> Content:
    """The names of the columns, for a table this wide; an arrow tells the order, unless it is the usual one."""
    names = {"name": "run", "task": "task", "score": "score", "size": "size", "begun": "begun"}
    arrow = "" if order == Order() else " ↓" if order.down else " ↑"
    parts = []
    for (key, label), room in zip(names.items(), _columns(width), strict=True):
        text = f"{label}{arrow}" if key == order.column else label
        parts.append(column(text, room, right=key in ("size", "begun")))
    return Content("").join(parts).stylize("$muted")


def column_at(width: int, x: int) -> str:
    """Column of a table this wide at a place; empty past the last one."""
    end = 0
    for key, room in zip(("name", "task", "score", "size", "begun"), _columns(width), strict=True):
        end += room
        if x < end:
            return key
    return ""


def line_of(run: Summary, width: int) -> Content:
    """A run in a line this wide."""
    name, task, points, size, begun = _columns(width)
    if run.state == BROKEN or (run.state == FAILED and not run.model_bytes):
        reason = run.problem.removeprefix(run.path).lstrip("/: ")
        words = f"failed: {reason}" if run.state == FAILED else reason
        return column(run.name, name, "$muted").append(column(f"✕ {words}", width - name, "$error"))
    state = "" if run.state == "finished" else f" ({run.state})"
    value = "no score yet" if run.score is None else f"{run.metric} {score(run.score)}"
    if run.split == "dev" and len(value) + 4 < points:
        value = f"dev {value}"
    text = cut(run.name, max(name - 1 - len(state), MIN_NAME)) + state + (f"  {run.note}" if run.note else "")
    parts = [
        column(text, name - 1).pad_right(min(name, 1)),
        column(noun_of(run.task), task, "$primary"),
        column(value, points),
        column(file_size(run.model_bytes) if run.model_bytes else "-", size, "$muted", right=True),
        column(when(run.created, datetime.now().astimezone()), begun, "$muted", right=True),
    ]
    return Content("").join(parts)


def when(created: str, now: datetime) -> str:
    """A short date: the hour if it is today, else the day."""
    try:
        then = datetime.fromisoformat(created).astimezone(now.tzinfo)
    except (ValueError, OverflowError):
        return ""
    if then.date() == now.date():
        return f"today {then:%H:%M}"
    return f"{then.day} {then:%b}" if then.year == now.year else f"{then.day} {then:%b %Y}"


def _columns(width: int) -> tuple[int, int, int, int, int]:
    """Widths of name, task, score, size and date; the less important ones give way on a narrow terminal.

    At 120 columns a preview leaves 68: the date stays, and the size stands in the preview.
    """
    begun = (13 if width >= 84 else 12) if width >= 66 else 0
    size = 10 if width >= 84 else 0
    task = (17 if width >= 84 else 16) if width >= 50 else 0
    points = min(26 if width >= 84 else 22, width // 2) if width >= 30 else 0
    return max(width - begun - size - task - points, 0), task, points, size, begun
