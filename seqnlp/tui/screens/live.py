"""Live: a text to type, and below it what a model makes of it, as one types."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar, final

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from seqnlp.service.client import ServiceError
from seqnlp.tui.screens.base import RunScreen
from seqnlp.tui.widgets.prompt import Prompt

PATIENCE = 0.1
"""Seconds for which one who types is waited for."""


@final
class Line(Input):
    """A line to type into, from which down leads to the answer."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("down", "screen.look_closer", "look closer")]


class LiveScreen(RunScreen):
    """Fill in `QUESTION`, `PLACEHOLDER`, `answer_widgets`, `settings`, `show_answer` and `describe`."""

    QUESTION: ClassVar[str] = ""
    """What the worker is asked."""
    PLACEHOLDER: ClassVar[str] = ""
    AS_ONE_TYPES: ClassVar[bool] = True
    """Whether what is typed is asked about before enter is pressed."""
    BY_LINE: ClassVar[bool] = False
    """Whether each line is a question of its own: then that with the cursor is asked."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "focus('#text')", "type", show=False),
    ]

    DEFAULT_CSS = """
    LiveScreen {
        #line { height: auto; padding: 1 2; }
        #line > Static { width: 2; color: $accent; }
        #line > Line { border: none; height: 1; padding: 0; width: 1fr; background: $background; }
        .title { height: 1; padding: 0 2; color: $primary; text-style: bold; }
        #status { height: 1; padding: 0 2; color: $muted; }
        &.-narrow { #line { padding: 1 1; } .title, #status { padding: 0 1; } }
    }
    """

    def body(self) -> ComposeResult:
        """The line, the answer, and what there is to say of it."""
        with Horizontal(id="line"):
            yield Static("❯")
            yield self.line()
        yield from self.answer_widgets()
        yield Static("", id="status", markup=False)

    def line(self) -> Widget:
        """What one types into; its id is `text`."""
        return Prompt(self.PLACEHOLDER, id="text", by_line=self.BY_LINE)

    @abstractmethod
    def answer_widgets(self) -> Iterable[Widget]:
        """What shows the answer."""

    @abstractmethod
    def settings(self) -> dict[str, Any] | None:
        """What to ask; None if there is nothing to ask about."""

    @abstractmethod
    def show_answer(self, found: Any) -> None:
        """Show what came back; None: nothing was asked."""

    @abstractmethod
    def describe(self) -> str | Content:
        """A line about what is seen."""

    @property
    @abstractmethod
    def answer(self) -> Widget:
        """The widget that one looks at closely."""

    @property
    def typed(self) -> str:
        """The text that is asked about."""
        return self.query_one("#text", Prompt).chosen

    def on_mount(self) -> None:
        """Have the model loaded while the text is typed."""
        self.open_run()
        self.show_answer(None)
        self.tell()

    @on(Input.Changed)
    @on(Prompt.Edited)
    def _typed(self) -> None:
        if self.AS_ONE_TYPES:
            self.think()

    def on_key(self, event: events.Key) -> None:
        """What is typed over the answer belongs to the text."""
        line = self.query_one("#text")
        if not isinstance(line, Prompt) or line.has_focus or event.key in self.active_bindings:
            return
        if event.is_printable and event.character:
            event.stop()
            line.focus()
            line.insert(event.character)

    @work(exclusive=True, group="answer")
    async def think(self) -> None:
        """Ask once nothing was typed for a moment; a question of before is forgotten."""
        await asyncio.sleep(PATIENCE)
        if not self.is_open:
            return
        settings = self.settings()
        if settings is None:
            self.show_answer(None)
            self.tell()
            return
        with self.telling():
            try:
                found = await self.ask(self.QUESTION, **settings)
            except ServiceError as error:
                self.refuse(error, settings)
            else:
                self.show_answer(found)
                self.tell()

    def tell(self) -> None:
        """Describe what is seen."""
        self.query_one("#status", Static).update(self.describe())

    def refuse(self, error: ServiceError, asked: dict[str, Any]) -> None:
        """There is no answer: of what is being typed that is told below, for it is seldom right at once."""
        if error.kind != "UsageError":
            raise error
        self.complain(error.message)

    def complain(self, message: str) -> None:
        """Say below what is wrong with what was typed."""
        self.query_one("#status", Static).update(Content.assemble(("✕ ", "bold $error"), (message, "$error")))

    def action_look_closer(self) -> None:
        """From the line to what stands below it."""
        self.answer.focus()

    @on(Input.Submitted)
    @on(Prompt.Submitted)
    @on(Prompt.LeftBelow)
    def _submitted(self) -> None:
        self.action_look_closer()

    def action_leave(self) -> None:
        """Back to the line, and from there out."""
        if self.focused is not None and self.focused.id == "text":
            self.app.pop_screen()
        else:
            self.query_one("#text").focus()
