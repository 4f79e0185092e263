"""Base screen: header, body, footer."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.await_remove import AwaitRemove
from textual.screen import Screen

from seqnlp.service.client import ModelService
from seqnlp.tui.widgets.header import Header
from seqnlp.tui.widgets.key_hints import KeyHints


class BaseScreen(Screen[None]):
    """A screen: fill in `body`, `BINDINGS` and `HELP`."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (60, "-normal"), (110, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]

    HELP: ClassVar[str] = ""
    """Purpose of the screen in a few sentences; `?` shows it below the keys."""

    DEFAULT_CSS = """
    BaseScreen { background: $background; color: $foreground; }
    """

    def __init__(self, title: str, service: ModelService) -> None:
        super().__init__()
        self.heading, self.service = title, service
        self._composed = 0

    @property
    def is_open(self) -> bool:
        """False once the screen is being removed, which begins with its widgets."""
        return self.is_attached and len(self.query("*")) >= self._composed

    @on(events.Mount)
    def _count_widgets(self) -> None:
        self._composed = len(self.query("*"))

    @property
    def help_text(self) -> str:
        """Text of the help overlay."""
        return self.HELP

    def compose(self) -> ComposeResult:
        yield Header(self.heading, self.service)
        yield from self.body()
        yield KeyHints()

    @abstractmethod  # ABC and Textual exclude each other; mypy and a test see to it that final classes fill this in
    def body(self) -> ComposeResult:
        """The widgets between header and footer."""

    def remove(self) -> AwaitRemove:
        """Cancel the workers, then leave: they would look for widgets that are gone."""
        self.workers.cancel_node(self)
        return super().remove()

    def on_paste(self, event: events.Paste) -> None:
        """Pass on what is pasted while nothing has the focus: a page may paste before it has the focus again."""
        lines = self.query("Input, TextArea")
        if self.focused is None and lines:
            lines.first().focus().post_message(events.Paste(event.text))

    def content_to_copy(self) -> str:
        """Text that `ctrl+c` copies when no text is selected."""
        return ""

    def action_copy_text(self) -> None:
        text = self.get_selected_text() or self.content_to_copy()
        if text:
            self.app.copy_to_clipboard(text)
            self.notify(f"{len(text):,} characters copied", timeout=2)
