"""Base panel for answers that annotate the words of the text: tags, contributions."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Sequence
from itertools import islice
from typing import Any, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from seqnlp.run.summary import Summary
from seqnlp.service.client import ModelService
from seqnlp.tui.configuration.key_names import named
from seqnlp.tui.panels.base import PredictPanel
from seqnlp.tui.widgets.word_flow import WordFlow

MAX_WORDS = 2_000
"""Words of a text that are asked about; more could not be answered as one types."""

MAX_CHARACTERS = 10 * MAX_WORDS
"""Characters that are asked about, for a text without blanks is one word."""


class TokenPanel(PredictPanel):
    """Panel with a `WordFlow` for each run; `draw` is also called with the same answers, to draw them otherwise."""

    BINDINGS: ClassVar[list[BindingType]] = named(
        "answers",
        Binding("pageup", "scroll_answers(-1)", "answer above", show=False, priority=True),
        Binding("pagedown", "scroll_answers(1)", "answer below", show=False, priority=True),
    )

    def __init__(self, runs: Sequence[Summary], service: ModelService) -> None:
        super().__init__(runs, service)
        self.answers: Sequence[dict[str, Any]] = []
        """The answers on the screen, as JSON; none if nothing was asked."""
        self.with_numbers = False
        """True if each word has a number below it."""

    @property
    def found(self) -> dict[str, Any]:
        """The answer of the first run; empty if there is none."""
        return self.answers[0] if self.answers else {}

    @property
    def asked_text(self) -> str:
        """The text, or the beginning of a very long one."""
        return beginning(self.typed)

    @abstractmethod
    def describe(self) -> str | Content:
        """Description of the answers, or of their difference."""

    def show_status(self) -> None:
        warning = Content.styled(left_out(self.typed), "$warning")
        parts = [warning, self.origin(), Content("").append(self.describe())]
        self.query_one("#status", Static).update(Content(" · ").join([part for part in parts if part.plain]))

    def origin(self) -> Content:
        """Origin of the words, if it is no rule."""
        return Content("")

    @property
    @abstractmethod
    def flows(self) -> Sequence[WordFlow]:
        """The words of each run."""

    @property
    def answer(self) -> WordFlow:
        return self.flows[0]

    def focused_flow(self) -> tuple[int, WordFlow] | None:
        """The words with the focus, and the number of their run."""
        return next(((number, flow) for number, flow in enumerate(self.flows) if flow.has_focus), None)

    @on(WordFlow.Moved)
    def _moved(self) -> None:
        self.show_status()

    @on(WordFlow.LeftAbove)
    def _left(self) -> None:
        self.query_one("#text").focus()

    def on_descendant_focus(self) -> None:
        self.show_status()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer numbers for one run, as their key swaps two; and scrolling from the line for two."""
        return {"numbers": not self.is_comparison, "scroll_answers": self.is_comparison}.get(action, True)

    def action_scroll_answers(self, by: int) -> None:
        """Scroll through the answers, for the line keeps the focus."""
        for flow in self.flows:
            (flow.scroll_page_up if by < 0 else flow.scroll_page_down)(animate=False)

    def action_numbers(self) -> None:
        """Show numbers, or hide them."""
        self.with_numbers = not self.with_numbers
        self.draw(self.answers)


def beginning(text: str) -> str:
    """The first words of a text as they stand."""
    last = next(islice(re.finditer(r"\S+", text), MAX_WORDS - 1, None), None)
    return text[: MAX_CHARACTERS if last is None else min(last.end(), MAX_CHARACTERS)]


def left_out(text: str) -> str:
    """Warning that only the beginning of a text is asked about; empty if all of it is."""
    seen = beginning(text)
    if not text[len(seen) :].strip():
        return ""
    limit = f"{MAX_WORDS:,} words" if len(seen) < MAX_CHARACTERS else f"{MAX_CHARACTERS:,} characters"
    return f"only the first {limit} are looked at"
