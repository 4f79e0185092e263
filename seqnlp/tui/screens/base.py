"""What all screens have in common: a line above, key hints below, one way to ask a run and to tell what went wrong."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.await_remove import AwaitRemove
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen

from seqnlp.run.summary import Summary
from seqnlp.service.client import ModelService, ServiceDied, ServiceError
from seqnlp.tui.mishaps import Overcome
from seqnlp.tui.widgets.key_hints import KeyHints
from seqnlp.tui.widgets.masthead import Masthead


class BaseScreen(Screen[None]):
    """A screen: fill in `body`, `BINDINGS` and `HELP`."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (60, "-normal"), (110, "-wide")]

    HELP: ClassVar[str] = ""
    """What the screen is for, in a few sentences; `?` shows it above the keys."""

    DEFAULT_CSS = """
    BaseScreen { background: $background; color: $foreground; }
    """

    def __init__(self, title: str, service: ModelService) -> None:
        super().__init__()
        self.heading, self.service = title, service
        self._removed = False

    def compose(self) -> ComposeResult:
        """The masthead, the screen's own widgets, and the footer."""
        yield Masthead(self.heading, self.service)
        yield from self.body()
        yield KeyHints()

    @abstractmethod  # ABC and Textual exclude each other; mypy and a test see to it that final classes fill this in
    def body(self) -> ComposeResult:
        """The widgets between the masthead and the footer."""

    @property
    def is_open(self) -> bool:
        """Whether the screen is not being removed, which begins with its widgets."""
        return self.is_attached and not self._removed

    def remove(self) -> AwaitRemove:
        """Leave, with nothing that goes on for a screen whose widgets are gone already."""
        self._removed = True
        self.workers.cancel_node(self)
        return super().remove()

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Turn what goes wrong with a question into a message to the person."""
        try:
            yield
        except ServiceDied:
            pass  # the application tells it, whoever has asked
        except ServiceError as error:
            self.notify(
                error.message,
                title=WORDS.get(error.kind, "It does not work"),
                severity="error",
                timeout=8,
                markup=False,
            )

    async def _dispatch_message(self, message: Message) -> None:
        try:
            await super()._dispatch_message(message)
        except Exception as error:  # otherwise the screen would be deaf from now on
            self.app._handle_exception(Overcome(error))

    def content_to_copy(self) -> str:
        """What `ctrl+c` copies when no text is selected."""
        return ""

    def action_copy_text(self) -> None:
        """Copy the selected text, or else what the screen shows."""
        text = self.get_selected_text() or self.content_to_copy()
        if text:
            self.app.copy_to_clipboard(text)
            self.notify(f"{len(text):,} characters copied", timeout=2)


class RunScreen(BaseScreen):
    """A screen about one run."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "back")]

    def __init__(self, run: Summary, service: ModelService) -> None:
        super().__init__(run.name, service)
        self.run = run

    def stream(self, do: str, **settings: Any) -> AsyncGenerator[Any, None]:
        """The items of an answer; use it within `aclosing`, in a worker, inside of `self.telling()`."""
        return self.service.stream(do, self.run.path, settings)

    async def ask(self, do: str, **settings: Any) -> Any:
        """An answer that has one item."""
        return await self.service.ask(do, self.run.path, settings)

    @work
    async def open_run(self) -> None:
        """Have the model loaded while one types."""
        with self.telling():
            await self.ask("load")

    def action_leave(self) -> None:
        """Back to where one came from."""
        self.app.pop_screen()


WORDS = {
    "UsageError": "These settings do not go together",
    "RunError": "The run can't be opened",
    "DataError": "A file can't be read",
    "MemoryError": "Not enough memory",
    "InternalError": "A fault in seqnlp itself",
}
