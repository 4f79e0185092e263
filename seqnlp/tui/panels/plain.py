"""Plain panel: a line of input, and the answer as text; for tasks without a panel of their own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, final

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from seqnlp.run.summary import Summary
from seqnlp.service.client import ModelService
from seqnlp.tui.panels.base import PredictPanel


@final
class PlainPanel(PredictPanel):
    """A line of text, and the generic prediction of each run."""

    REQUEST = "predict"
    PLACEHOLDER = "a line of text"
    HELP = (
        "This task has no screen of its own: what you type is given to the model as a line of text, and its answer "
        "stands below as the library gives it. Enter leads to the answer, esc back to the line. Up and down "
        "in the line lead through earlier ones, ^r lists them."
    )
    COMPARE_HELP = "Two runs are given the same line of text; their answers stand side by side. F2 swaps the sides."

    SCOPED_CSS: ClassVar[bool] = False

    DEFAULT_CSS = """
    PlainPanel .answer { height: 1fr; padding: 0 2; scrollbar-size-vertical: 1; }
    PlainPanel .answer > Static { height: auto; width: 1fr; }
    .-narrow PlainPanel .answer { padding: 0 1; }
    """

    BY_LINE: ClassVar[bool] = True

    def __init__(self, runs: Sequence[Summary], service: ModelService) -> None:
        super().__init__(runs, service)
        self._texts: list[str] = []
        self._noun = ""

    def answer_widgets(self) -> Iterable[Widget]:
        """A scrollable text for each run."""
        yield self.side_by_side([VerticalScroll(Static("", markup=False), classes="answer") for _ in self.runs])

    @property
    def answer(self) -> Widget:
        return self.query(".answer").first()

    def show_model(self, model: Mapping[str, Any]) -> None:
        """Show the task's noun; only the service knows it, for no plugin is imported here."""
        self._noun = f"This is {model['noun']}." if model.get("noun") else ""
        self.show_status()

    def request(self) -> dict[str, Any] | None:
        return {"text": self.typed} if self.typed.strip() else None

    def draw(self, answers: Sequence[Any]) -> None:
        self._texts = [format_answer(answer) for answer in answers]
        texts = self._texts or ["the answer will stand here"] * len(self.runs)
        for view, text in zip(self.query(".answer > Static").results(Static), texts, strict=True):
            view.update(Content.styled(text, "" if self._texts else "$muted"))

    def describe(self) -> str:
        return self._noun

    def content_to_copy(self) -> str:
        return "\n\n".join(self._texts)


def format_answer(answer: Mapping[str, Any]) -> str:
    """The plain text of a result above its JSON object."""
    return f"{answer['text']}\n\n{json.dumps(answer['json'], ensure_ascii=False, indent=2)}"
