"""Compare screen: two runs, the same input, and their scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, final

from textual.app import ComposeResult
from textual.await_remove import AwaitRemove
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from seqnlp.errors import RunError
from seqnlp.run import Run
from seqnlp.run.summary import Summary, data_section, is_number
from seqnlp.service.client import ModelService
from seqnlp.tui.configuration.key_names import named
from seqnlp.tui.configuration.load import configuration_of
from seqnlp.tui.configuration.remembered import remembered_of
from seqnlp.tui.listing import noun_of
from seqnlp.tui.panels import panel_for
from seqnlp.tui.panels.base import LEFT, RIGHT
from seqnlp.tui.screens.base import BaseScreen
from seqnlp.tui.widgets.lines import column
from seqnlp.units import file_size, score


@final
class CompareScreen(BaseScreen):
    """The panel of two runs of one task, above their scores."""

    HELP = "Two runs of different tasks: there is no input for both. Their scores stand below."

    BINDINGS: ClassVar[list[BindingType]] = named(
        "compare", Binding("f2", "swap", "swap"), Binding("escape", "leave", "back", show=False)
    )

    DEFAULT_CSS = """
    CompareScreen {
        #no-panel { height: 1fr; padding: 1 2; }
        #scores { height: auto; max-height: 9; padding: 0 2; border-top: solid $faint; }
        &.-narrow #no-panel { padding: 1 1; }
        &.-narrow #scores { padding: 0 1; max-height: 5; }
    }
    """

    def __init__(self, left: Summary, right: Summary, service: ModelService) -> None:
        super().__init__(f"{left.name}  ⇄  {right.name}", service)
        self.runs = (left, right)
        self.panel = panel_for(left.task)(self.runs, service) if left.task == right.task else None

    def on_screen_resume(self) -> None:
        """Remember this screen as the last one."""
        remembered_of(self.app).keep_screen("compare", *(run.path for run in self.runs))

    @property
    def help_text(self) -> str:
        """Purpose of the panel for two runs."""
        return self.HELP if self.panel is None else self.panel.COMPARE_HELP

    def body(self) -> ComposeResult:
        if self.panel is not None:
            self.panel.configure(configuration_of(self.app))
        yield Static(no_common_input(*self.runs), id="no-panel") if self.panel is None else self.panel
        yield Static("", id="scores", markup=False)

    def on_resize(self) -> None:
        width = self.size.width - (2 if self.size.width < 60 else 4)
        most = 4 if self.size.height < 30 else 8
        self.query_one("#scores", Static).update(scores_side_by_side(self.runs, width, most))

    def remove(self) -> AwaitRemove:
        if self.panel is not None:
            self.panel.close()
        return super().remove()

    def content_to_copy(self) -> str:
        return "" if self.panel is None else self.panel.content_to_copy()

    def export_formats(self) -> dict[str, Callable[[], str]]:
        return super().export_formats() if self.panel is None else self.panel.export_formats()

    def action_swap(self) -> None:
        """Swap the sides, with the same input."""
        swapped = CompareScreen(self.runs[1], self.runs[0], self.service)
        if swapped.panel is not None and self.panel is not None:
            swapped.panel.take_input(self.panel)
        self.app.switch_screen(swapped)

    def action_leave(self) -> None:
        """Leave the panel, where nothing of it has the focus."""
        if self.panel is None:
            self.app.pop_screen()
        else:
            self.panel.action_leave()


def no_common_input(left: Summary, right: Summary) -> Content:
    """Explanation that two runs have no common input."""
    one, other = (f"{run.name} ({noun_of(run.task)})" for run in (left, right))
    why = f"{one} and {other} do different things: there is no input for both."
    return Content.assemble((f"{why}\n\n", "bold"), ("Their scores stand below.", "$muted"))


def scores_side_by_side(runs: Sequence[Summary], width: int, most: int) -> Content:
    """A small table: the scores that two runs have on one split, their sizes, and a note on different splits.

    Args:
        runs: The two.
        width: Columns of the table.
        most: Lines, the heading included.
    """
    scores = [_scores_of(run) for run in runs]
    split = next((split for split in ("test", "dev") if all(table.get(split) for table in scores)), "")
    first = runs[0].metric
    tables = [table.get(split, {}) for table in scores]
    common = [name for name in tables[0] if name in tables[1]]
    common.sort(key=lambda name: name != first)
    label, cell = (22, 18) if width >= 60 else (max(width - 22, 8), 11)
    names = [
        column(run.name, cell - 1, f"bold {colour}", right=True).pad_left(1)
        for run, colour in zip(runs, (LEFT, RIGHT), strict=True)
    ]
    rows = [column(f"scores on {split}" if split else "scores", label, "$muted").append(names[0]).append(names[1])]
    if _own_files(runs, split):
        rows.insert(0, Content.styled(f"each on its own {split} file", "$muted"))
    for name in common[: max(most - len(rows) - 1, 0)]:
        style = "bold" if name == first else ""
        cells = [column(score(table[name]), cell, style, right=True) for table in tables]
        rows.append(column(name, label, style).append(cells[0]).append(cells[1]))
    if not common:
        rows.append(Content.styled("no score that both have", "$muted"))
    sizes = [column(file_size(run.model_bytes), cell, "$muted", right=True) for run in runs]
    rows.append(column("size", label, "$muted").append(sizes[0]).append(sizes[1]))
    return Content("\n").join(rows[:most])


def _scores_of(run: Summary) -> dict[str, dict[str, float]]:
    try:
        found = Run(Path(run.path)).scores()
    except RunError:
        return {}
    return {split: dict(_numbers(table)) for split, table in found.items() if split in ("dev", "test")}


def _own_files(runs: Sequence[Summary], split: str) -> bool:
    left, right = (data_section(Run(Path(run.path))).get(split) for run in runs)
    return bool(left and right) and left != right


def _numbers(table: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    return ((name, value) for name, value in table.items() if is_number(value))
