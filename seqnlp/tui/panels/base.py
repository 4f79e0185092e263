"""Base panels: ask one run or two, draw their answers, copy them."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ClassVar, Self, final

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea

from seqnlp.json_text import to_json
from seqnlp.run.summary import Summary
from seqnlp.service.client import ModelService, ServiceError
from seqnlp.tui.configuration.key_names import named
from seqnlp.tui.configuration.load import Configuration, configuration_of
from seqnlp.tui.errors import notify_errors
from seqnlp.tui.history import Entry, Found, History
from seqnlp.tui.openable import Openable
from seqnlp.tui.widgets.prompt import Line, Prompt
from seqnlp.tui.widgets.sides import Sides

LEFT, RIGHT = "$primary", "$accent"
"""Colours of two runs, wherever they stand side by side."""

DIFFERENT = "bold underline"

SAVE_PERIOD = 0.5
"""Seconds between two checks for unsaved changes."""

LEAST = 3
"""Characters, at least, of an unsent text that is kept when another one replaces it."""

TYPING_PAUSE = 0.1
"""Seconds without a key after which a question is asked."""


class TaskPanel(Openable, Vertical):
    """Everything about a task on a screen: one panel for a run, or for two runs with the same input."""

    SCOPED_CSS: ClassVar[bool] = False
    """For the class of the screen tells if it is narrow."""

    HELP: ClassVar[str] = ""
    """Purpose of the panel in a few sentences; `?` shows it below the keys."""
    COMPARE_HELP: ClassVar[str] = ""
    """The same for two runs."""

    BINDINGS: ClassVar[list[BindingType]] = named("panel", Binding("escape", "leave", "back"))

    DEFAULT_CSS = """
    TaskPanel { width: 1fr; height: 1fr; }
    TaskPanel #line { height: auto; padding: 1 2; }
    TaskPanel #line > .sign { width: 2; color: $accent; }
    TaskPanel #status { height: 1; padding: 0 2; color: $muted; }
    TaskPanel .title { height: 1; padding: 0 2; color: $primary; text-style: bold; }
    .-narrow TaskPanel #line { padding: 1 1; }
    .-narrow TaskPanel #status, .-narrow TaskPanel .title { padding: 0 1; }
    .-narrow TaskPanel.-comparison #line { padding: 1 1 0 1; }
    """

    def __init__(self, runs: Sequence[Summary], service: ModelService) -> None:
        """Set up.

        Args:
            runs: One, or two of the same task.
            service: Answers the questions.
        """
        super().__init__()
        self.runs, self.service = runs, service
        self.set_class(self.is_comparison, "-comparison")
        self.earlier = History.of(runs)
        self._writer = ThreadPoolExecutor(1, "history")
        """Writes the history, one file after the other."""
        self._has_writer = True
        self._draft = Draft()
        self._was_given = False
        """True for a panel that began with the input of another panel; no earlier text replaces that."""
        self._is_closed = False

    def configure(self, configuration: Configuration) -> None:
        """Take the defaults of the configuration file, before the widgets are made."""

    @property
    def is_comparison(self) -> bool:
        """True for two runs."""
        return len(self.runs) > 1

    @property
    def is_open(self) -> bool:
        return super().is_open and not self._is_closed

    def close(self) -> None:
        """Cancel what still goes on for a panel that is being removed."""
        self._is_closed = True
        self.workers.cancel_node(self)

    # history

    @property
    @abstractmethod
    def prompt_line(self) -> Prompt | Line:
        """Input line whose texts the history keeps."""

    @on(events.Mount)
    def _open_history(self) -> None:
        self._draft.begin(self.prompt_line.text)
        self._look_back()
        self.set_interval(SAVE_PERIOD, self._keep_up)

    @work(group="history")
    async def _look_back(self) -> None:
        """Read the history, and restore the latest input."""
        before = self._draft.first
        found = await asyncio.to_thread(self.earlier.open)
        if self.is_open:
            line = self.prompt_line
            line.walk.set_prompts(found.prompts)
            wanted = configuration_of(self.app).value("restore", "texts")
            if wanted and not self._was_given and line.text == before:  # else the user has begun to type
                await self.restore(found)
            self._tell_notes()

    async def restore(self, found: Found) -> None:
        """Show the latest input of the history."""
        if found.draft:
            self.prompt_line.restore(found.draft)

    @on(Input.Changed)
    @on(TextArea.Changed)
    def _line_changed(self, event: Input.Changed | TextArea.Changed) -> None:
        line = event.control
        if line.id != self.prompt_line.id:
            return
        replaced = self._draft.change(self.prompt_line.text)
        if replaced and replaced not in self.earlier.prompts:
            self.write_later(self.earlier.add_prompt, replaced)

    def keep_prompt(self) -> None:
        """Keep the text of the line as the latest prompt."""
        text = self.prompt_line.text
        if text.strip():
            self.prompt_line.walk.set_prompts([*(other for other in self.earlier.prompts if other != text), text])
            self._draft.begin(text)
            self.write_later(self.earlier.add_prompt, text)

    def _keep_up(self) -> None:
        if not self._is_closed:
            self.keep()
            self._tell_notes()

    def keep(self) -> None:
        """Save the changes since the last save."""
        if self._draft.is_new:
            self._draft.is_new = False
            self.write_later(self.earlier.set_draft, self._draft.text)

    @on(events.Unmount)
    def _close_history(self) -> None:
        """Write the last changes before the panel is gone."""
        self._is_closed = True
        self.keep()
        self.write_later(self.earlier.close)
        self._writer.shutdown()
        self._has_writer = False

    def write_later(self, write: Callable[..., None], *given: object) -> Future[None] | None:
        """Queue a change of the history behind earlier ones; None once the panel is gone."""
        if not self._has_writer:
            return None
        future = self._writer.submit(write, *given)
        future.add_done_callback(self._written)
        return future

    def _written(self, future: Future[None]) -> None:
        error = future.exception()
        if error is not None:
            self.earlier.notes.append(f"What is written here is not kept: {error!r}")

    def _tell_notes(self) -> None:
        notes, self.earlier.notes = self.earlier.notes, []
        for note in notes:
            self.notify(note, title="Earlier texts", severity="warning", timeout=8, markup=False)

    @work(exclusive=True, group="choose")
    async def action_earlier(self) -> None:
        """Choose an earlier text or prompt."""
        from seqnlp.tui.panels.history import HistoryScreen

        self.keep()
        entries = await asyncio.wrap_future(self._writer.submit(self.earlier.entries))  # after what was just written
        self._tell_notes()
        if self.is_open:
            self.app.push_screen(HistoryScreen(entries), self._show_chosen)

    async def _show_chosen(self, entry: Entry | None) -> None:
        if entry is not None and self.is_open:
            await self.show_entry(entry)

    async def show_entry(self, entry: Entry) -> None:
        """Show an earlier text or prompt again."""
        self.prompt_line.focus()
        self.prompt_line.restore(entry.prompt)

    # models

    @abstractmethod
    def content_to_copy(self) -> str:
        """Text that `ctrl+c` copies when no text is selected."""

    def export_formats(self) -> dict[str, Callable[[], str]]:
        """Text of an exported file by its suffix, the usual one first."""
        return {".txt": lambda: f"{self.content_to_copy()}\n"}

    @abstractmethod
    def take_input(self, other: Self) -> None:
        """Begin with the input of another panel of this kind."""

    def stream(self, number: int, do: str, settings: Mapping[str, Any]) -> AsyncGenerator[Any, None]:
        """Items of a run's answer; use it within `aclosing`, in a worker, inside of `notify_errors`."""
        return self.service.stream(do, self.runs[number].path, settings)

    async def ask(self, number: int, do: str, settings: Mapping[str, Any]) -> Any:
        """The answer of a run that has one item."""
        return await self.service.ask(do, self.runs[number].path, settings)

    @work
    async def load(self) -> None:
        """Have the models loaded while one types."""
        with notify_errors(self):
            for number in range(len(self.runs)):
                model = await self.ask(number, "load", {})
                if self.is_open:
                    self.show_model(model)

    def show_model(self, model: Mapping[str, Any]) -> None:
        """Show the properties of a model that was loaded."""

    def side_by_side(self, widgets: Sequence[Widget]) -> Widget:
        """The widget of one run; or those of two, each under its name."""
        return Sides(widgets, self.headings()) if self.is_comparison else widgets[0]

    def headings(self) -> list[Content]:
        """Names of the runs, in their colours."""
        return [
            Content.styled(run.name, f"bold {colour}") for run, colour in zip(self.runs, (LEFT, RIGHT), strict=False)
        ]

    def set_headings(self, headings: Sequence[Content]) -> None:
        """Change the headings above two runs' widgets."""
        for sides in self.query(Sides):
            sides.set_headings(headings)

    def action_focus_on(self, selector: str) -> None:
        """Move the focus to a widget."""
        self.query(selector).first().focus()

    def action_leave(self) -> None:
        """Leave the screen."""
        self.app.pop_screen()


@final
class Draft:
    """Text of a line, as it is typed."""

    def __init__(self) -> None:
        self.first = self.text = self._longest = ""
        self.is_new = False
        """True if it was changed since it was written last."""
        self._has_grown = False

    def begin(self, text: str) -> None:
        """Begin with a text that need not be kept."""
        self.first = self.text = self._longest = text
        self._has_grown = False

    def change(self, text: str) -> str:
        """Take the line's new text.

        Returns:
            The text before, if most of it is gone now; empty otherwise.
        """
        self.is_new = self.is_new or text != self.text
        is_new = text not in self.text  # after a deletion alone it is a part of the old text
        has_grown, self._has_grown = self._has_grown, self._has_grown or is_new
        longest, self.text = self._longest, text
        half = len(longest) // 2
        if text.startswith(longest[:half]) or text.endswith(longest[half:]):
            self._longest = text if len(text) >= len(longest) or not half else longest
            return ""
        self._longest, self._has_grown = text, is_new  # deleting the rest must not keep it a second time
        return longest if has_grown and len(longest.strip()) >= LEAST else ""


class PredictPanel(TaskPanel):
    """A line to type into, and the answer below: as one types, or on enter."""

    REQUEST: ClassVar[str] = ""
    """Kind of request."""
    PLACEHOLDER: ClassVar[str] = ""
    AS_ONE_TYPES: ClassVar[bool] = True
    """False if only enter asks."""
    BY_LINE: ClassVar[bool] = False
    """True if each line is a question of its own: then the one with the cursor is asked."""

    latest: Sequence[Any] = ()
    """Latest answers of the runs, as JSON."""

    BINDINGS: ClassVar[list[BindingType]] = named(
        "text",
        Binding("slash", "focus_on('#text')", "type", show=False),
        Binding("ctrl+r", "earlier", "earlier texts", show=False),
    )

    def compose(self) -> ComposeResult:
        with Horizontal(id="line"):
            yield Static("❯", classes="sign")
            yield self.line()
        yield from self.answer_widgets()
        yield Static("", id="status", markup=False)

    def line(self) -> Widget:
        """The widget to type into; its id is `text`."""
        return Prompt(self.PLACEHOLDER, id="text", by_line=self.BY_LINE)

    @abstractmethod
    def answer_widgets(self) -> Iterable[Widget]:
        """Widgets that show the answers."""

    @abstractmethod
    def request(self) -> dict[str, Any] | None:
        """Settings of the request; None if there is nothing to ask about."""

    @abstractmethod
    def draw(self, answers: Sequence[Any]) -> None:
        """Draw the answers of the runs; none if nothing was asked."""

    @abstractmethod
    def describe(self) -> str | Content:
        """Status line: a description of the answers, or of their difference."""

    @property
    @abstractmethod
    def answer(self) -> Widget:
        """Widget of the first answer, which takes the focus from the line."""

    @property
    def typed(self) -> str:
        """The text that is asked about."""
        return self.query_one("#text", Prompt).chosen

    @property
    def prompt_line(self) -> Prompt | Line:
        line = self.query_one("#text")
        assert isinstance(line, Prompt | Line)
        return line

    def take_input(self, other: Self) -> None:
        self._was_given = True
        theirs = other.query_one("#text", Prompt)
        text, cursor = theirs.text, theirs.cursor_location

        def take() -> None:
            line = self.query_one("#text", Prompt)
            line.text = text
            line.move_cursor(cursor)

        self.call_later(take)

    def on_mount(self) -> None:
        self.load()
        self.draw([])
        self.show_status()

    def json_to_export(self) -> Sequence[Any]:
        """Answers as JSON, one of each run; nothing to export if there are none."""
        return self.latest

    def export_formats(self) -> dict[str, Callable[[], str]]:
        found = self.json_to_export()
        given: Any = found[0] if len(found) == 1 else list(found)
        return {**super().export_formats(), ".json": lambda: to_json(given, indent=2) + "\n"}

    @on(Input.Changed)
    @on(Prompt.Edited)
    def _typed(self) -> None:
        if self.AS_ONE_TYPES:
            self.predict()

    def on_key(self, event: events.Key) -> None:
        line = self.query_one("#text")
        if not isinstance(line, Prompt) or line.has_focus or event.key in self.screen.active_bindings:
            return
        if event.is_printable and event.character:
            event.stop()
            line.focus()
            line.insert(event.character)

    @work(exclusive=True, group="answer")
    async def predict(self) -> None:
        """Ask once nothing was typed for a moment; an earlier question is forgotten."""
        await asyncio.sleep(TYPING_PAUSE)
        if not self.is_open:
            return
        request = self.request()
        if request is None:
            self.draw([])
            self.show_status()
            return
        with notify_errors(self):
            try:
                answers = await self.ask_all(request)
            except ServiceError as error:
                if self.is_open:
                    self.refuse(error, request)
            else:
                if self.is_open:
                    self.latest = answers
                    self.draw(answers)
                    self.show_status()

    async def ask_all(self, request: Mapping[str, Any]) -> list[Any]:
        """The answer of each run."""
        return [await self.ask(number, self.REQUEST, request) for number in range(len(self.runs))]

    def show_status(self) -> None:
        """Update the status line."""
        self.query_one("#status", Static).update(self.describe())

    def refuse(self, error: ServiceError, request: Mapping[str, Any]) -> None:
        """Show usage errors in the status line; raise others. A text is seldom right at once."""
        if error.kind != "UsageError":
            raise error
        self.query_one("#status", Static).update(Content.assemble(("✕ ", "bold $error"), (error.message, "$error")))

    @on(Input.Submitted)
    @on(Prompt.Submitted)
    @on(Prompt.LeftBelow)
    def _submitted(self) -> None:
        self.keep_prompt()
        self.action_look_closer()

    def action_look_closer(self) -> None:
        """Move the focus from the line to the answer."""
        self.answer.focus()

    def action_leave(self) -> None:
        line = self.query_one("#text")
        if line.has_focus:
            self.app.pop_screen()
        else:
            line.focus()
