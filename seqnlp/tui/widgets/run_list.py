"""The runs in a table of a line each, with those left out that do not match what was typed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import final

from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from seqnlp.run.summary import Summary
from seqnlp.tui.listing import BROKEN
from seqnlp.tui.widgets.lines import column, strip_of
from seqnlp.units import file_size, score

TASKS = {
    "lm": "language model",
    "tag": "tagger",
    "classify": "classifier",
    "translate": "translation",
    "forecast": "forecast",
}


@final
class RunList(ScrollView):
    """Rows of runs, one of them chosen."""

    can_focus = False  # the filter keeps the focus; the screen passes the arrow keys on

    DEFAULT_CSS = """
    RunList { background: $background; height: 1fr; overflow-x: hidden; scrollbar-size-vertical: 1; }
    """

    class Opened(Message):
        """A run shall be opened."""

        def __init__(self, run: Summary) -> None:
            super().__init__()
            self.run = run

    class Chosen(Message):
        """Another run is chosen, or none."""

        def __init__(self, run: Summary | None) -> None:
            super().__init__()
            self.run = run

    def __init__(self) -> None:
        super().__init__()
        self._all: Sequence[Summary] = ()
        self.shown: list[Summary] = []
        self.index = 0
        self.marked: list[str] = []
        """The paths of the runs that are marked, two at most."""
        self._filter = ""

    @property
    def chosen(self) -> Summary | None:
        """The run under the cursor."""
        return self.shown[self.index] if self.shown else None

    def show_runs(self, runs: Sequence[Summary]) -> None:
        """Show these runs; the one that was chosen stays so."""
        before = self.chosen
        self._all = runs
        self._update(before)

    def filter_by(self, text: str) -> None:
        """Show only runs that have all these words in their name, task or state."""
        self._filter = text
        self._update(self.chosen)

    def move(self, by: int) -> None:
        """Choose another run."""
        if self.shown:
            self.index = min(max(self.index + by, 0), len(self.shown) - 1)
            top = min(max(self.scroll_offset.y, self.index - self.size.height + 1), self.index)
            self.scroll_to(y=top, animate=False)
            self.refresh()
            self.post_message(self.Chosen(self.chosen))

    def mark(self) -> None:
        """Mark the run under the cursor, or mark it no longer; of three the first one loses its mark."""
        if self.chosen is not None:
            path = self.chosen.path
            self.marked = [other for other in self.marked if other != path] + [path] * (path not in self.marked)
            self.marked = self.marked[-2:]
            self.refresh()

    def unmark(self) -> None:
        """Mark no run."""
        self.marked = []
        self.refresh()

    def open_chosen(self) -> None:
        """Open the run under the cursor."""
        if self.chosen is not None:
            self.post_message(self.Opened(self.chosen))

    def on_click(self, event: events.Click) -> None:
        """Choose a run, and open it with the second click."""
        row = event.y + self.scroll_offset.y
        if row < len(self.shown):
            again = row == self.index and event.chain > 1
            self.move(row - self.index)
            if again:
                self.open_chosen()

    def _update(self, before: Summary | None) -> None:
        words = self._filter.lower().split()
        self.shown = [run for run in self._all if all(word in _searchable(run) for word in words)]
        paths = [run.path for run in self.shown]
        self.index = paths.index(before.path) if before is not None and before.path in paths else 0
        self.virtual_size = Size(0, len(self.shown))
        self.move(0)
        if not self.shown:
            self.refresh()
            self.post_message(self.Chosen(None))

    def render_line(self, y: int) -> Strip:
        """One run."""
        row, width = y + self.scroll_offset.y, self.size.width
        if row >= len(self.shown):
            return Strip.blank(width, self.visual_style.rich_style)
        here = row == self.index
        sign = ("▌" if here else " ") + ("●" if self.shown[row].path in self.marked else " ")
        line = Content.styled(sign, "$accent").append(line_of(self.shown[row], width - 4))
        return strip_of(self, line.stylize("on $panel bold") if here else line, width)


def heading_of(width: int) -> Content:
    """The names of the columns, for a table this wide."""
    name, task, points, size, begun = _columns(width)
    parts = [column("run", name), column("task", task), column("score", points), column("size", size, right=True)]
    return Content("").join([*parts, column("begun", begun, right=True)]).stylize("$muted")


def line_of(run: Summary, width: int) -> Content:
    """A run in a line this wide."""
    name, task, points, size, begun = _columns(width)
    if run.state == BROKEN:
        reason = run.problem.removeprefix(run.path).lstrip("/: ")
        return column(run.name, name, "$muted").append(column(f"✕ {reason}", width - name, "$error"))
    state = "" if run.state == "finished" else f" ({run.state})"
    value = "no score yet" if run.score is None else f"{run.metric} {score(run.score)}"
    parts = [
        column(f"{run.name}{state}", name),
        column(TASKS.get(run.task, run.task), task, "$primary"),
        column(value, points),
        column(file_size(run.model_bytes) if run.model_bytes else "-", size, "$muted", right=True),
        column(when(run.created, datetime.now().astimezone()), begun, "$muted", right=True),
    ]
    return Content("").join(parts)


def when(created: str, now: datetime) -> str:
    """A point in time as short as it can be told: the hour if it is today, else the day."""
    try:
        then = datetime.fromisoformat(created).astimezone(now.tzinfo)
    except ValueError:
        return ""
    if then.date() == now.date():
        return f"today {then:%H:%M}"
    return f"{then.day} {then:%b}" if then.year == now.year else f"{then.day} {then:%b %Y}"


def _columns(width: int) -> tuple[int, int, int, int, int]:
    """The widths of name, task, score, size and date; the less important ones give way on a narrow terminal."""
    begun = 13 if width >= 70 else 0
    size = 10 if width >= 84 else 0
    task = 17 if width >= 50 else 0
    points = min(26, width // 2) if width >= 30 else 0
    return max(width - begun - size - task - points, 0), task, points, size, begun


def _searchable(run: Summary) -> str:
    return f"{run.name} {run.task} {TASKS.get(run.task, '')} {run.state}".lower()
