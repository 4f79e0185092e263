"""Tag: tags appear under the words as one types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, final

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from seqnlp.service.client import ModelService
from seqnlp.tui.colours import Colours
from seqnlp.tui.screens.words import WordsScreen
from seqnlp.tui.widgets.tagged_view import TaggedView

if TYPE_CHECKING:
    from seqnlp.run.summary import Summary


@final
class TagScreen(WordsScreen):
    """A sentence, its tags, and a legend."""

    QUESTION = "tag"
    BY_LINE = True
    PLACEHOLDER = "a sentence to tag"
    HELP = (
        "Tags stand below the words as you type; where tags stand for spans, a bracket with the label holds the words "
        "together. F2 shows how probable each tag is to the model; those it doubts, below 0.50, are underlined. F3 "
        "goes to the next label column if the tagger has several. Down leads to the words: the arrows go from one to "
        "the other, and below stands all that is known of it. Esc leads back to the line, as does typing. Of several "
        "lines, pasted or begun with ^j, that with the cursor is tagged; of a very long one its first 2,000 words."
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "numbers", "scores"),
        Binding("f3", "column", "column"),
    ]

    DEFAULT_CSS = """
    TagScreen {
        #columns { height: auto; max-height: 2; padding: 0 2 1 2; display: none; }
        &.-several #columns { display: block; }
        #legend { height: auto; max-height: 3; padding: 0 2; margin-top: 1; }
        &.-narrow { #columns, #legend { padding: 0 1; } TaggedView { padding: 0 1; } }
    }
    """

    def __init__(self, run: Summary, service: ModelService) -> None:
        super().__init__(run, service)
        self.column = ""
        """The label column that is shown; empty: the first one."""
        self.colours: dict[str, Colours] = {}

    def answer_widgets(self) -> Iterable[Widget]:
        """The columns to choose from, the words, the legend."""
        yield Static("", id="columns", markup=False)
        view = TaggedView(Colours())
        view.invitation = "the tags will stand here, each below its word"
        yield view
        yield Static("", id="legend", markup=False)

    @property
    def answer(self) -> TaggedView:
        """The words."""
        return self.query_one(TaggedView)

    def settings(self) -> dict[str, Any] | None:
        """The sentence."""
        return {"sentences": self.looked_at} if self.typed.strip() else None

    def columns(self) -> dict[str, list[str]]:
        """The tags by label column, the first one first."""
        tags: list[str] = self.found.get("tags", [])
        return self.found.get("columns") or {"": tags}

    @property
    def chosen(self) -> str:
        """The label column that is shown."""
        columns = self.columns()
        return self.column if self.column in columns else next(iter(columns))

    def scores(self, column: str) -> list[float]:
        """How probable the tags of a column are."""
        scores: list[float] = self.found.get("column_scores", {}).get(column, self.found.get("scores", []))
        return scores

    def show_answer(self, found: Any) -> None:
        """Show the chosen column."""
        self.found = found or {}
        columns, chosen = self.columns(), self.chosen
        view = self.answer
        view.colours = self.colours.setdefault(chosen, Colours())
        view.show_tags(
            self.found.get("tokens", []),
            columns[chosen],
            self.scores(chosen) if self.with_numbers else None,
            self.found.get("spans"),
        )
        self.set_class(len(columns) > 1, "-several")
        self.refresh_bindings()
        names = [(f" {name} ", "bold $accent reverse" if name == chosen else "$muted") for name in columns]
        self.query_one("#columns", Static).update(Content.assemble(*names))
        self.query_one("#legend", Static).update(self._legend(view))

    def describe(self) -> str:
        """How many words and spans, or what is known of the word under the cursor."""
        tokens: list[str] = self.found.get("tokens", [])
        if not tokens:
            return ""
        view = self.answer
        if view.has_focus:
            return self._word(view.cursor)
        parts = [f"{len(tokens):,} word{'s' * (len(tokens) != 1)}"]
        if view.spans is not None:
            parts.append(f"{len(view.spans):,} span{'s' * (len(view.spans) != 1)}")
        scores = self.scores(self.chosen)
        least = min(range(len(tokens)), key=scores.__getitem__)
        return " · ".join([*parts, f"least sure: {tokens[least]} {scores[least]:.2f}"])

    def _word(self, number: int) -> str:
        tokens = self.found["tokens"]
        tags = [
            f"{name} {tags[number]} {self.scores(name)[number]:.2f}".strip() for name, tags in self.columns().items()
        ]
        return f"{number + 1:,}/{len(tokens):,}  {tokens[number]}  {' · '.join(tags)}"

    def _legend(self, view: TaggedView) -> Content:
        counts = Counter(view.labels())
        parts = [
            Content.assemble(
                ("■", view.colours.of(label)), f"\N{NO-BREAK SPACE}{label}", (f"\N{NO-BREAK SPACE}{count:,}", "$muted")
            )
            for label, count in counts.items()
        ]
        return Content("   ").join(parts)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """One column has no next."""
        return action != "column" or len(self.columns()) > 1

    def action_column(self) -> None:
        """The next label column."""
        names = list(self.columns())
        self.column = names[(names.index(self.chosen) + 1) % len(names)]
        self.show_answer(self.found)
        self.tell()

    def content_to_copy(self) -> str:
        """A line a word: the word, and its tags of all columns."""
        tokens = self.found.get("tokens", [])
        return "\n".join("\t".join(row) for row in zip(tokens, *self.columns().values(), strict=True))
