"""Classify panel: a bar for each class as one types, and the words that weighed most."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, final

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from seqnlp.run import Run
from seqnlp.run.summary import data_section
from seqnlp.tui.configuration.key_names import named
from seqnlp.tui.configuration.load import Configuration
from seqnlp.tui.errors import notify_errors
from seqnlp.tui.panels.correctable import CorrectablePanel
from seqnlp.tui.panels.tokens import left_out
from seqnlp.tui.widgets.class_bars import ClassBars
from seqnlp.tui.widgets.weighed_view import WeighedView, signed
from seqnlp.tui.widgets.weight_table import WeightTable

STRONGEST = 3
"""Words with the largest contributions that the status line names."""


@final
class ClassifyPanel(CorrectablePanel):
    """A text, its class probabilities, and their explanation."""

    REQUEST = "classify"
    PLACEHOLDER = "a text to classify"
    HELP = (
        "A bar shows how probable each class is, as you type; what the model chooses is marked. Below stand the words: "
        "+ speaks for the likeliest class, − against it, and the more signs the stronger. F2 shows numbers instead: "
        "the attention of each word (in sum 1), or, for a model without attention, its gradient times its input. "
        "The text may have several lines: ^j begins a new one, as does shift+enter where the terminal can tell it; of "
        "a very long one the first 2,000 words are looked at. Down leads from the last line to the words, esc back to "
        "the text, as does typing. Up and down in the text lead through earlier ones, ^r lists them.\n\n"
        "F5 shows the words that weigh most, the same ones taken together. F4 lists the classes: the right one is "
        "saved with the text as training data, in the format of the corpus, into a file of its own under corrections. "
        "^s saves it with the class of the model. ^n writes a recipe that learns from the corpus and from these, to be "
        "trained."
    )
    COMPARE_HELP = (
        "Two classifiers are given the same text, which may have several lines (^j). Below the bars of each stand the "
        "words: + speaks for its likeliest class, − against it. F2 swaps the sides, page up and down scroll through "
        "the words. Down leads to the words, esc back to the text."
    )

    BINDINGS: ClassVar[list[BindingType]] = named(
        "classify",
        Binding("f2", "numbers", "numbers"),
        Binding("f4", "label", "right class"),
        Binding("f5", "table", "table", tooltip="table of the strongest words"),
        Binding("ctrl+s", "save", "save", key_display="^s", tooltip="save as training data"),
        Binding("ctrl+n,alt+n", "learn", "train with corrections", show=False),  # a browser keeps ctrl+n
    )

    SCOPED_CSS: ClassVar[bool] = False

    DEFAULT_CSS = """
    ClassifyPanel.-table #side { height: 10; }
    .-wide ClassifyPanel #side { width: 44; }
    .-wide ClassifyPanel.-table #side { height: 1fr; }
    .-narrow ClassifyPanel.-table #side { height: 7; }
    """

    def configure(self, configuration: Configuration) -> None:
        self.with_numbers = bool(configuration.value("classify", "numbers"))

    def answer_widgets(self) -> Iterable[Widget]:
        """A view for each run."""
        views = self.side_by_side([ClassView() for _ in self.runs])
        yield views if self.is_comparison else self.with_side(views, "strongest words", WeightTable())

    @property
    def flows(self) -> list[WeighedView]:
        return list(self.query(WeighedView))

    def request(self) -> dict[str, Any] | None:
        return {"texts": self.asked_text, "explain": True} if self.typed.strip() else None

    def draw(self, answers: Sequence[Any]) -> None:
        self.answers = answers
        most = max(self.screen.size.height // 2 - 5, 2)
        for number, view in enumerate(self.query(ClassView)):
            view.draw(answers[number] if answers else {}, self.with_numbers, most)
        for table in self.query(WeightTable):
            table.show(self.found.get("tokens", ()), self.found.get("contributions") or ())
        self.refresh_bindings()

    def on_resize(self) -> None:
        if self.answers:
            self.draw(self.answers)

    def describe(self) -> str | Content:
        """The strongest words; the one under the cursor; or the difference of two runs."""
        if (focused := self.focused_flow()) is not None and self.answers:
            number, flow = focused
            tokens, weights = self.answers[number]["tokens"], self.answers[number].get("contributions")
            word = f"{flow.cursor + 1:,}/{len(tokens):,}  {tokens[flow.cursor]}" if tokens else ""
            return f"{word}  {signed(weights[flow.cursor])}" if weights else ""
        if self.is_comparison and self.answers:
            left, right = self.answers
            if left["labels"] == right["labels"]:
                return Content.assemble(("= ", "$success"), "the same answer")
            return Content.assemble(("≠ ", "bold $warning"), ("different answers", "bold"))
        tokens, weights = self.found.get("tokens", []), self.found.get("contributions")
        if not weights:
            return ""
        strongest = sorted(range(len(tokens)), key=lambda number: -abs(weights[number]))[:STRONGEST]
        return "most: " + " · ".join(f"{tokens[number]} {signed(weights[number])}" for number in strongest)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "table":
            return not self.is_comparison
        if action in ("label", "save", "learn"):
            return not self.is_comparison and (action == "learn" or bool(self.found.get("tokens")))
        return super().check_action(action, parameters)

    # corrections

    @work(exclusive=True, group="label")
    async def action_label(self) -> None:
        """Choose the right class, or classes, and save the text with it."""
        from seqnlp.tui.panels.labels import LabelScreen

        text, found = self.typed, self.found
        several = found["labels"] if self.is_multilabel else None
        scores = sorted(found["scores"].items(), key=lambda pair: -pair[1])
        chosen = await self.app.push_screen_wait(LabelScreen("The right class", scores, several))
        if chosen is not None and self.is_open:
            await self._save(text, chosen)

    @work(exclusive=True, group="save")
    async def action_save(self) -> None:
        """Save the text with the class of the model as training data."""
        await self._save(self.typed, self.found["labels"])

    async def _save(self, text: str, labels: Sequence[str]) -> None:
        if left_out(text):
            self.notify("Only a whole text can be saved.", severity="warning", timeout=3)
            return
        with notify_errors(self):
            done = await self.ask(0, "correct", {"text": text.strip(), "labels": list(labels)})
            words = f"{'Saved again' if done['replaced'] else 'Saved'} as {', '.join(labels) or 'none'}"
            count = f"{done['count']:,} text{'s' * (done['count'] != 1)}"
            self.notify(f"{words}: {count} in {done['file']}", timeout=3, markup=False)

    @cached_property
    def is_multilabel(self) -> bool:
        """True if a text may have any number of classes."""
        return data_section(Run(Path(self.runs[0].path))).get("multilabel") is True

    def content_to_copy(self) -> str:
        """A line for each class: its name and its probability; one block for each run."""
        blocks = [[f"{name}\t{score:.4f}" for name, score in answer["scores"].items()] for answer in self.answers]
        return "\n\n".join(map("\n".join, blocks))


@final
class ClassView(Vertical):
    """Answer of one classifier: the bars above the words."""

    SCOPED_CSS: ClassVar[bool] = False

    DEFAULT_CSS = """
    ClassView { height: 1fr; }
    ClassView > .why { margin-top: 1; height: 2; padding: 0 2; color: $primary; text-style: bold; }
    .-narrow ClassView > * { padding: 0 1; }
    """

    def compose(self) -> ComposeResult:
        yield ClassBars()
        yield Static("", classes="why", markup=False)
        yield WeighedView()

    def draw(self, answer: Mapping[str, Any], with_numbers: bool, most: int) -> None:
        """Draw a JSON object of `seqnlp.results.Classification`, with so many bars in view."""
        scores = answer.get("scores", {})
        likeliest = next(iter(scores), "")
        self.query_one(ClassBars).show_scores(scores, answer.get("labels", ()), most)
        why = Content.assemble("why ", (likeliest, "$accent")) if likeliest else ""
        self.query_one(".why", Static).update(why)
        words = self.query_one(WeighedView)
        words.show_words(answer.get("tokens", ()), answer.get("contributions") or (), with_numbers)
