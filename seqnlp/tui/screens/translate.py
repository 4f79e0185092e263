"""Translate: the best translations as one types, what they looked at, and how they go on from another beginning."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input, Static

from seqnlp.service.client import ModelService
from seqnlp.tui.dialling import defaults
from seqnlp.tui.prefixes import before, up_to
from seqnlp.tui.screens.live import Line, LiveScreen
from seqnlp.tui.searching import agree, dials_of
from seqnlp.tui.widgets.attention_grid import AttentionGrid
from seqnlp.tui.widgets.dials import Dials
from seqnlp.tui.widgets.hypotheses import Hypotheses

if TYPE_CHECKING:
    from seqnlp.run.summary import Summary


@final
class Prefix(Widget):
    """A line for what the translation shall begin with."""

    DEFAULT_CSS = """
    Prefix { height: 1; padding: 0 2; layout: horizontal; }
    Prefix > Static { width: 2; color: $muted; }
    Prefix > Input { border: none; height: 1; padding: 0; width: 1fr; background: $background; }
    """

    def compose(self) -> ComposeResult:
        """A sign and the line."""
        yield Static("↳")
        yield Line(placeholder="begin the translation with ...", id="prefix", compact=True, select_on_focus=False)


@final
class TranslateScreen(LiveScreen):
    """A sentence, its best translations, and the attention of the one that is chosen."""

    QUESTION = "translate"
    BY_LINE = True
    PLACEHOLDER = "a sentence to translate"
    HELP = (
        "The best translations stand below the sentence as you type, each with its score; of several lines, pasted or "
        "begun with ^j, that with the cursor is translated. Up and down choose a translation; below is what it looked "
        "at: the darker a cell, the more the word at the left looked at that above. In this grid enter keeps the "
        "translation up to the word under the cursor, x lets you type another word there, and delete sets all free "
        "again: the model goes on from what is kept. Esc leads back to the sentence, as does typing. F2 leads to the "
        "line where that stands. F3 leads to the search: how many hypotheses the beam follows, how many are shown, and "
        "what their scores are divided by, so that long ones stand a chance (alpha is the exponent of gnmt). There up "
        "and down choose, left and right turn, digits write a value, and delete brings back the recipe's; clicks and "
        "the wheel turn too."
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "focus('#prefix')", "begin with"),
        Binding("f3", "focus('Dials')", "search"),
    ]

    DEFAULT_CSS = """
    TranslateScreen {
        #line { padding: 1 2 0 2; }
        #search { height: auto; padding: 0 2 1 4; }
        Dials { height: 1; max-width: 80; }
        Hypotheses { margin-bottom: 1; max-height: 24%; }
        &.-narrow {
            #line { padding: 1 1 0 1; }
            #search { padding: 0 1 1 3; }
            Dials { height: 2; }
            Prefix, Hypotheses, AttentionGrid { padding: 0 1; }
        }
    }
    """

    def __init__(self, run: Summary, service: ModelService) -> None:
        super().__init__(run, service)
        self.translations: list[dict[str, Any]] = []
        """The best one first, as JSON."""
        self._dials = dials_of(run.path)
        self.search = defaults(self._dials)
        """What the dials stand at."""

    def answer_widgets(self) -> Iterable[Widget]:
        """The beginning, the search, the translations, the attention."""
        yield Prefix()
        yield Horizontal(Dials(self._dials, self.search, room=7), id="search")
        yield Hypotheses()
        yield AttentionGrid()

    @property
    def answer(self) -> Hypotheses:
        """The translations."""
        return self.query_one(Hypotheses)

    @property
    def grid(self) -> AttentionGrid:
        """The attention."""
        return self.query_one(AttentionGrid)

    @property
    def prefix(self) -> str:
        """What the translations shall begin with."""
        return self.query_one("#prefix", Input).value

    @property
    def chosen(self) -> dict[str, Any] | None:
        """The translation that is chosen."""
        return self.translations[self.answer.index] if self.translations else None

    def settings(self) -> dict[str, Any] | None:
        """The sentence, the search, the beginning, and that the attention is wanted."""
        if not self.typed.strip():
            return None
        return {"texts": self.typed, **self.search, "prefix": self.prefix.strip(), "attention": True}

    def show_answer(self, found: Any) -> None:
        """Show the translations, and the attention of the first."""
        self.translations = [] if found is None else [found, *found.get("alternatives", [])]
        self.answer.styles.height = max(len(self.translations), 1)
        self.answer.show_translations(self.translations, self.prefix.strip())
        self.grid.show_translation(self.chosen)

    def describe(self) -> str:
        """What the word under the cursor looked at, or how likely the translation is."""
        chosen, grid = self.chosen, self.grid
        if chosen is None:
            return ""
        if grid.has_focus and grid.weights:
            row, column = grid.weights[grid.row], grid.column
            most = max(range(len(row)), key=row.__getitem__)
            words = f"{grid.tokens[grid.row]} → {grid.sources[column]} {row[column]:.2f}"
            return words if most == column else f"{words} · most: {grid.sources[most]} {row[most]:.2f}"
        unread = f" · {chosen['unread']:,} tokens were not read" if chosen.get("unread") else ""
        logprob = f"{chosen['logprob']:.2f}".replace("-", "−")
        return f"{self.answer.index + 1}/{len(self.translations)} · log-probability {logprob}{unread}"

    @on(Dials.Turned)
    def _turned(self, event: Dials.Turned) -> None:
        self.search.update(agree(self.search, event.name))
        self.query_one(Dials).refresh()
        self.think()

    @on(Hypotheses.Chosen)
    def _chosen(self) -> None:
        self.grid.show_translation(self.chosen)
        self.tell()

    @on(AttentionGrid.Moved)
    def _moved(self) -> None:
        self.tell()

    @on(Hypotheses.Left)
    def _left(self, event: Hypotheses.Left) -> None:
        if event.by < 0:
            self.query_one("#text").focus()
        else:
            self.action_look_at_grid()

    @on(AttentionGrid.LeftAbove)
    def _left_grid(self) -> None:
        self.answer.focus()

    def on_descendant_focus(self) -> None:
        """Other words below for other places."""
        self.tell()

    def action_look_at_grid(self) -> None:
        """From the translations to the attention."""
        self.grid.focus()

    def action_keep(self) -> None:
        """Keep the translation up to the word under the cursor."""
        if self.chosen is not None:
            self.query_one("#prefix", Input).value = up_to(self.chosen["text"], self.grid.tokens, self.grid.row)

    def action_instead(self) -> None:
        """Keep what comes before the word under the cursor, and type another one."""
        if self.chosen is not None:
            line = self.query_one("#prefix", Input)
            line.value = before(self.chosen["text"], self.grid.tokens, self.grid.row)
            line.focus()
            line.cursor_position = len(line.value)

    def action_free(self) -> None:
        """Keep nothing."""
        self.query_one("#prefix", Input).value = ""

    def content_to_copy(self) -> str:
        """The chosen translation."""
        return self.chosen["text"] if self.chosen is not None else ""
