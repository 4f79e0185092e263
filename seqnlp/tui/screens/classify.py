"""Classify: a bar a class as one types, and the words that weighed most."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, final

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from seqnlp.tui.screens.words import WordsScreen
from seqnlp.tui.widgets.class_bars import ClassBars
from seqnlp.tui.widgets.weighed_view import WeighedView, signed

TOLD = 3
"""The strongest words, which are named below."""


@final
class ClassifyScreen(WordsScreen):
    """A text, how probable each class is, and why."""

    QUESTION = "classify"
    PLACEHOLDER = "a text to classify"
    HELP = (
        "A bar shows how probable each class is, as you type; what the model chooses is marked. Below stand the words: "
        "+ speaks for the likeliest class, − against it, and the more signs the stronger. F2 shows numbers instead: "
        "the attention of each word (in sum 1), or, for a model without attention, its gradient times its input. "
        "The text may have several lines: ^j begins a new one, as does shift+enter where the terminal can tell it; of "
        "a very long one the first 2,000 words are looked at. Down leads from the last line to the words, esc back to "
        "the text, as does typing."
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "numbers", "numbers"),
    ]

    DEFAULT_CSS = """
    ClassifyScreen {
        #why { margin-top: 1; height: 2; }
        &.-narrow { ClassBars, WeighedView { padding: 0 1; } }
    }
    """

    def answer_widgets(self) -> Iterable[Widget]:
        """The bars above the words."""
        yield ClassBars()
        yield Static("", id="why", classes="title", markup=False)
        yield WeighedView()

    @property
    def answer(self) -> WeighedView:
        """The words."""
        return self.query_one(WeighedView)

    @property
    def likeliest(self) -> str:
        """The class that the contributions are for."""
        return next(iter(self.found.get("scores", {})), "")

    def settings(self) -> dict[str, Any] | None:
        """The text, and that the reasons are wanted."""
        return {"texts": self.looked_at, "explain": True} if self.typed.strip() else None

    def show_answer(self, found: Any) -> None:
        """Show classes and words."""
        self.found = found or {}
        most = max(self.size.height // 2 - 5, 2)
        self.query_one(ClassBars).show_scores(self.found.get("scores", {}), self.found.get("labels", ()), most)
        why = Content.assemble("why ", (self.likeliest, "$accent")) if self.likeliest else ""
        self.query_one("#why", Static).update(why)
        self.answer.show_words(self.found.get("tokens", ()), self.found.get("contributions") or (), self.with_numbers)

    def on_resize(self) -> None:
        """There may be room for more classes."""
        if self.found:
            self.show_answer(self.found)

    def describe(self) -> str:
        """The strongest words, or the one under the cursor."""
        tokens, weights = self.found.get("tokens", []), self.found.get("contributions") or []
        if not weights:
            return ""
        view = self.answer
        if view.has_focus:
            number = view.cursor
            return f"{number + 1:,}/{len(tokens):,}  {tokens[number]}  {signed(weights[number])}"
        strongest = sorted(range(len(tokens)), key=lambda number: -abs(weights[number]))[:TOLD]
        return "most: " + " · ".join(f"{tokens[number]} {signed(weights[number])}" for number in strongest)

    def content_to_copy(self) -> str:
        """A line a class: its name and its probability."""
        return "\n".join(f"{name}\t{score:.4f}" for name, score in self.found.get("scores", {}).items())
