"""Base screen: header, body, footer."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar

from textual import events, work
from textual.app import ComposeResult
from textual.await_remove import AwaitRemove
from textual.binding import Binding, BindingType
from textual.screen import Screen

from seqnlp.errors import SeqnlpError
from seqnlp.service.client import ModelService
from seqnlp.tui.configuration.key_names import named
from seqnlp.tui.exports import problem_of, usual_name, write_export
from seqnlp.tui.openable import Openable
from seqnlp.tui.widgets.header import Header
from seqnlp.tui.widgets.key_hints import KeyHints


class BaseScreen(Openable, Screen[None]):
    """A screen: fill in `body`, `BINDINGS` and `HELP`."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (60, "-normal"), (110, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]

    BINDINGS: ClassVar[list[BindingType]] = named("screen", Binding("f8", "export", "export", show=False))

    HELP: ClassVar[str] = ""
    """Purpose of the screen in a few sentences; `?` shows it below the keys."""

    DEFAULT_CSS = """
    BaseScreen { background: $background; color: $foreground; }
    """

    def __init__(self, title: str, service: ModelService) -> None:
        super().__init__()
        self.heading, self.service = title, service

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

    def export_formats(self) -> dict[str, Callable[[], str]]:
        """Text of an exported file by its suffix, the usual one first."""
        return {".txt": lambda: f"{self.content_to_copy()}\n"}

    @work(exclusive=True, group="export")
    async def action_export(self) -> None:
        """Write what the screen shows to a file."""
        from seqnlp.tui.widgets.ask import AskScreen

        picture = self.app.export_screenshot(title=self.heading, simplify=True)
        formats: dict[str, Callable[[], str]] = self.export_formats()
        formats.setdefault(".svg", lambda: picture)
        text = f"A file that ends in {', '.join(formats)}:"
        name = await self.app.push_screen_wait(
            AskScreen("Export", text, usual_name(self.heading, formats), lambda name: problem_of(name, formats))
        )
        if name is not None:
            try:
                path = write_export(name, formats)
            except SeqnlpError as error:
                self.notify(str(error), title="Not exported", severity="error", markup=False)
            else:
                self.notify(f"Saved {path}", timeout=4, markup=False)

    def action_copy_text(self) -> None:
        text = self.get_selected_text() or self.content_to_copy()
        if text:
            self.app.copy_to_clipboard(text)
            self.notify(f"{len(text):,} characters copied", timeout=2)
