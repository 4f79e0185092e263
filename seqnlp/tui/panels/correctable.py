"""Base panel for answers that a person corrects: a table at their side, and a recipe that learns from corrections."""

from __future__ import annotations

from typing import ClassVar

from textual import work
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Static

from seqnlp.tui.errors import notify_errors
from seqnlp.tui.panels.tokens import TokenPanel


class CorrectablePanel(TokenPanel):
    """Panel with a table beside the words: open on a wide screen, below them and a key away on others."""

    SCOPED_CSS: ClassVar[bool] = False

    DEFAULT_CSS = """
    CorrectablePanel #answered { height: 1fr; }
    CorrectablePanel #side { display: none; width: 38; padding: 0 1 0 2; border-left: solid $faint; }
    CorrectablePanel #side > .title { padding: 0; }
    CorrectablePanel.-table #answered { layout: vertical; }
    CorrectablePanel.-table #side {
        display: block; width: 1fr; height: 11; border-left: none; border-top: solid $faint;
    }
    .-wide CorrectablePanel #answered { layout: horizontal; }
    .-wide CorrectablePanel #side {
        display: block; width: 38; height: 1fr; border-top: none; border-left: solid $faint;
    }
    .-wide CorrectablePanel.-hidden-table #side { display: none; }
    .-narrow CorrectablePanel.-table #side { height: 8; padding: 0 1; }
    """

    @staticmethod
    def with_side(words: Widget, title: str, table: Widget) -> Widget:
        """Words and the table at their side."""
        return Horizontal(words, Vertical(Static(title, classes="title"), table, id="side"), id="answered")

    def action_table(self) -> None:
        """Open the table, or close it."""
        self.toggle_class("-hidden-table" if self.screen.has_class("-wide") else "-table")

    @work(exclusive=True, group="save")
    async def action_learn(self) -> None:
        """Write a recipe that also learns from the corrections; show it."""
        with notify_errors(self):
            done = await self.ask(0, "learn", {})
            if self.is_open:
                await self.run_action(f"app.train({done['name']!r})")
