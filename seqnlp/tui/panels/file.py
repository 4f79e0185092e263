"""Panel about a file: its name in the line, the answers below."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

from textual.widget import Widget
from textual.widgets import Input

from seqnlp.run import Run
from seqnlp.run.summary import Summary, data_section, last_source
from seqnlp.service.client import ModelService
from seqnlp.tui.panels.base import PredictPanel
from seqnlp.tui.widgets.prompt import Line


class FilePanel(PredictPanel):
    """A file, opened on enter; the first one is the test split of the run."""

    AS_ONE_TYPES: ClassVar[bool] = False

    def __init__(self, runs: Sequence[Summary], service: ModelService) -> None:
        super().__init__(runs, service)
        self.file = last_source(data_section(Run(Path(runs[0].path))))
        """The file to begin with; empty if there is none."""
        self.answers: Sequence[Any] = []
        """Answers of the runs; none if there is nothing."""

    def line(self) -> Widget:
        """The line for the file."""
        return Line(self.PLACEHOLDER, id="text")

    def on_mount(self) -> None:
        self.query_one("#text", Line).value = self.file
        self.answer.focus()
        self.predict()

    @property
    def typed(self) -> str:
        return self.query_one("#text", Line).value

    def take_input(self, other: Self) -> None:
        self._was_given = True
        self.file = other.typed

    def action_leave(self) -> None:
        if isinstance(self.screen.focused, Input) and self.answers:
            self.answer.focus()
        else:
            self.app.pop_screen()
