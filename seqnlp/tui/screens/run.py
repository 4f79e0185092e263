"""Run screen: the panel of a run's task."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, final

from textual.app import ComposeResult
from textual.await_remove import AwaitRemove
from textual.binding import Binding, BindingType

from seqnlp.run.summary import Summary
from seqnlp.service.client import ModelService
from seqnlp.tui.configuration.key_names import named
from seqnlp.tui.configuration.load import configuration_of
from seqnlp.tui.configuration.remembered import remembered_of
from seqnlp.tui.panels import panel_for
from seqnlp.tui.screens.base import BaseScreen


@final
class RunScreen(BaseScreen):
    """One run."""

    BINDINGS: ClassVar[list[BindingType]] = named("run", Binding("escape", "leave", "back", show=False))

    def __init__(self, run: Summary, service: ModelService) -> None:
        super().__init__(run.name, service)
        self.run = run
        self.panel = panel_for(run.task)([run], service)

    @property
    def help_text(self) -> str:
        return self.panel.HELP

    def on_screen_resume(self) -> None:
        """Remember this screen as the last one."""
        remembered_of(self.app).keep_screen("run", self.run.path)

    def body(self) -> ComposeResult:
        self.panel.configure(configuration_of(self.app))
        yield self.panel

    def remove(self) -> AwaitRemove:
        self.panel.close()
        return super().remove()

    def content_to_copy(self) -> str:
        return self.panel.content_to_copy()

    def export_formats(self) -> dict[str, Callable[[], str]]:
        return self.panel.export_formats()

    def action_leave(self) -> None:
        """Leave the panel, where nothing of it has the focus."""
        self.panel.action_leave()
