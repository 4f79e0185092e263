"""Live: a line to type into, and below it what a model makes of it, as one types."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, ClassVar, final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from seqnlp.tui.predictor import PredictorError
from seqnlp.tui.screens.base import RunScreen

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

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "focus('#text')", "type", show=False),
    ]

    DEFAULT_CSS = """
    LiveScreen {
        #line { height: 3; padding: 1 2; }
        #line > Static { width: 2; color: $accent; }
        #text { border: none; height: 1; padding: 0; width: 1fr; background: $background; }
        .title { height: 1; padding: 0 2; color: $primary; text-style: bold; }
        #status { height: 1; padding: 0 2; color: $muted; }
        &.-narrow { #line { padding: 1 1; } .title, #status { padding: 0 1; } }
    }
    """

    def body(self) -> ComposeResult:
        """The line, the answer, and what there is to say of it."""
        with Horizontal(id="line"):
            yield Static("❯")
            yield Line(placeholder=self.PLACEHOLDER, id="text", compact=True, select_on_focus=False)
        yield from self.answer_widgets()
        yield Static("", id="status", markup=False)

    def answer_widgets(self) -> Iterable[Widget]:
        """What shows the answer."""
        raise NotImplementedError

    def settings(self) -> dict[str, Any] | None:
        """What to ask; None if there is nothing to ask about."""
        raise NotImplementedError

    def show_answer(self, found: Any) -> None:
        """Show what came back; None: nothing was asked."""
        raise NotImplementedError

    def describe(self) -> str | Content:
        """A line about what is seen."""
        raise NotImplementedError

    @property
    def answer(self) -> Widget:
        """The widget that one looks at closely."""
        raise NotImplementedError

    @property
    def typed(self) -> str:
        """The text in the line."""
        return self.query_one("#text", Input).value

    def on_mount(self) -> None:
        """Have the model loaded while the text is typed."""
        self._open()
        self.show_answer(None)
        self.tell()

    @work
    async def _open(self) -> None:
        with self.telling():
            await self.ask("load")

    @on(Input.Changed)
    def _typed(self) -> None:
        if self.AS_ONE_TYPES:
            self.think()

    @work(exclusive=True, group="answer")
    async def think(self) -> None:
        """Ask once nothing was typed for a moment; a question of before is forgotten."""
        await asyncio.sleep(PATIENCE)
        settings = self.settings()
        if settings is None:
            self.show_answer(None)
            self.tell()
            return
        with self.telling():
            try:
                found = await self.ask(self.QUESTION, **settings)
            except PredictorError as error:
                if error.kind != "UsageError":
                    raise
                self.complain(error.message)  # what is being typed is seldom right at once
            else:
                self.show_answer(found)
                self.tell()

    def tell(self) -> None:
        """Describe what is seen."""
        self.query_one("#status", Static).update(self.describe())

    def complain(self, message: str) -> None:
        """Say below what is wrong with what was typed."""
        self.query_one("#status", Static).update(Content.assemble(("✕ ", "bold $error"), (message, "$error")))

    def action_look_closer(self) -> None:
        """From the line to what stands below it."""
        self.answer.focus()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_look_closer()

    def action_leave(self) -> None:
        """Back to the line, and from there out."""
        if isinstance(self.focused, Input) and self.focused.id == "text":
            self.app.pop_screen()
        else:
            self.query_one("#text", Input).focus()
