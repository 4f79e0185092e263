"""Words: what the screens share whose answer is words with something below each, and a cursor."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from textual import on
from textual.content import Content
from textual.widgets import Static

from seqnlp.service.client import ModelService
from seqnlp.tui.beginning import beginning, left_out
from seqnlp.tui.screens.live import LiveScreen
from seqnlp.tui.widgets.word_flow import WordFlow

if TYPE_CHECKING:
    from seqnlp.run.summary import Summary


class WordsScreen(LiveScreen):
    """Fill in what a `LiveScreen` wants; `show_answer` is also asked for the answer of before, to show it otherwise."""

    def __init__(self, run: Summary, service: ModelService) -> None:
        super().__init__(run, service)
        self.found: dict[str, Any] = {}
        """The answer that is shown, as JSON; empty if there is none."""
        self.with_numbers = False
        """Whether each word has a number below it."""

    @property
    def looked_at(self) -> str:
        """What is asked about: the text, or its beginning if there is far more of it than anybody types."""
        return beginning(self.typed)

    @abstractmethod
    def describe(self) -> str:
        """A line about what is seen."""

    def tell(self) -> None:
        """Describe what is seen, after a warning if that is not all of the text."""
        parts = [Content.styled(left_out(self.typed), "$warning"), Content(self.describe())]
        self.query_one("#status", Static).update(Content(" · ").join([part for part in parts if part.plain]))

    @on(WordFlow.Moved)
    def _moved(self) -> None:
        self.tell()

    @on(WordFlow.LeftAbove)
    def _left(self) -> None:
        self.query_one("#text").focus()

    def on_descendant_focus(self) -> None:
        """What is said of the word under the cursor is not said of the line."""
        self.tell()

    def action_numbers(self) -> None:
        """Show the numbers, or hide them."""
        self.with_numbers = not self.with_numbers
        self.show_answer(self.found)
