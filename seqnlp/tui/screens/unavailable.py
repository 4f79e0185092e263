"""What is shown for a run whose task has no screen yet."""

from __future__ import annotations

from typing import final

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from seqnlp.tui.screens.base import RunScreen


@final
class UnavailableScreen(RunScreen):
    """Says so, and what to do instead."""

    HELP = "There is no screen for this kind of model yet; the command line can use it."

    DEFAULT_CSS = """
    UnavailableScreen Static { width: 100%; height: 1fr; content-align: center middle; text-align: center; padding: 2; }
    """

    def body(self) -> ComposeResult:
        """One message."""
        yield Static(
            Content.assemble(
                (f"There is no screen for {self.run.task or 'this run'} yet.\n\n", "bold"),
                "On the command line:\n",
                (f"seqnlp predict {self.run.path}", "$accent"),
            )
        )
