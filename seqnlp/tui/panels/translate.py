"""Translate panel: the n-best list as one types, its attention, and continuations of another beginning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from typing import Any, ClassVar, final

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from seqnlp.errors import SeqnlpError
from seqnlp.run import Run
from seqnlp.run.summary import Summary, read_recipe
from seqnlp.service.client import ModelService
from seqnlp.tui.configuration.key_names import named
from seqnlp.tui.panels.base import DIFFERENT, PredictPanel
from seqnlp.tui.widgets.attention_grid import AttentionGrid
from seqnlp.tui.widgets.hypotheses import Hypotheses
from seqnlp.tui.widgets.prompt import Line
from seqnlp.tui.widgets.settings_panel import Setting, SettingsPanel, defaults

BLANK = "\N{LOWER ONE EIGHTH BLOCK}"
"""A blank in tokens; see `seqnlp.codecs.sentences`."""

N_BEST = 5
"""Translations that are listed at first, if the beam is that wide."""

WIDTHS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 30, 50, 100)
PENALTIES = ("none", "gnmt", "average")
PENALTY = "what scores are divided by, so that long ones stand a chance: nothing, ((5 + n) / 6)^alpha, n"
ALPHA = "exponent of the length penalty gnmt: larger ones favour longer translations"

BEAM_SETTINGS = (
    Setting("beam", "beam", 5, WIDTHS, "", True, "hypotheses that are followed at once; 1: greedy", bounded=True),
    Setting("best", "n-best", N_BEST, WIDTHS, "", True, "translations to show, within the beam", bounded=True),
    Setting("length_penalty", "length", "gnmt", PENALTIES, tip=PENALTY),
    Setting("alpha", "alpha", 0.6, tuple(number / 10 for number in range(21)), tip=ALPHA),
)


@final
class TranslatePanel(PredictPanel):
    """A sentence, its best translations, and the attention of the chosen one; or the best of each of two runs."""

    REQUEST = "translate"
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
        "the wheel turn too. Up and down in the line lead through earlier sentences, ^r lists them."
    )
    COMPARE_HELP = (
        "Two runs translate the same sentence; words that the other one does not have are underlined. F2 swaps the "
        "sides. Of several lines (^j), that with the cursor is translated."
    )

    BINDINGS: ClassVar[list[BindingType]] = named(
        "translate",
        Binding("f2", "focus_on('#prefix')", "begin with"),
        Binding("f3", "focus_on('SettingsPanel')", "search"),
    )

    SCOPED_CSS: ClassVar[bool] = False

    DEFAULT_CSS = """
    TranslatePanel #line { padding: 1 2 0 2; }
    TranslatePanel #begin { height: 1; padding: 0 2; }
    TranslatePanel #begin > Static { width: 2; color: $muted; }
    TranslatePanel #search { height: auto; padding: 0 2 1 4; }
    TranslatePanel SettingsPanel { height: 1; max-width: 80; }
    TranslatePanel Hypotheses { margin-bottom: 1; max-height: 24%; }
    TranslatePanel .text { height: 1fr; padding: 0 1; }
    TranslatePanel.-comparison #line { padding: 1 2; }
    .-narrow TranslatePanel #line { padding: 1 1 0 1; }
    .-narrow TranslatePanel #search { padding: 0 1 1 3; }
    .-narrow TranslatePanel SettingsPanel { height: 2; }
    .-narrow TranslatePanel #begin, .-narrow Hypotheses, .-narrow AttentionGrid { padding: 0 1; }
    """

    def __init__(self, runs: Sequence[Summary], service: ModelService) -> None:
        super().__init__(runs, service)
        self.translations: list[dict[str, Any]] = []
        """The n-best list of one run, or the best of each of two, as JSON."""
        self._settings = beam_settings(runs[0].path)
        self.search = defaults(self._settings)
        """Values of the beam settings."""

    def answer_widgets(self) -> Iterable[Widget]:
        """The beginning, the search, the translations, the attention; or a text for each of two runs."""
        if self.is_comparison:
            yield self.side_by_side([Static("", classes="text", markup=False) for _ in self.runs])
            return
        line = Line("begin the translation with ...", id="prefix")
        yield Horizontal(Static("↳"), line, id="begin")
        yield Horizontal(SettingsPanel(self._settings, self.search, room=7), id="search")
        yield Hypotheses()
        yield AttentionGrid()

    @property
    def answer(self) -> Widget:
        return self.query_one("#text") if self.is_comparison else self.query_one(Hypotheses)

    @property
    def grid(self) -> AttentionGrid:
        """The attention."""
        return self.query_one(AttentionGrid)

    @property
    def prefix(self) -> str:
        """Forced beginning of the translations."""
        return self.query_one("#prefix", Input).value

    @property
    def index(self) -> int:
        """Index of the chosen translation."""
        return 0 if self.is_comparison else self.query_one(Hypotheses).index

    @property
    def chosen(self) -> dict[str, Any] | None:
        """The chosen translation."""
        return self.translations[self.index] if self.translations else None

    def request(self) -> dict[str, Any] | None:
        if not self.typed.strip():
            return None
        if self.is_comparison:  # each searches as its own recipe says
            return {"texts": self.typed}
        return {"texts": self.typed, **self.search, "prefix": self.prefix.strip(), "attention": True}

    def draw(self, answers: Sequence[Any]) -> None:
        """Draw the translations, and the attention of the first; or two translations, with the differing words."""
        if self.is_comparison:
            self.translations = list(answers)
            texts = [answer["text"] for answer in answers] or ["", ""]
            marked = mark_differences(texts[0], texts[1])
            for view, content in zip(self.query(".text").results(Static), marked, strict=True):
                view.update(content)
            return
        self.translations = [each for answer in answers for each in (answer, *answer.get("alternatives", []))]
        hypotheses = self.query_one(Hypotheses)
        hypotheses.styles.height = max(len(self.translations), 1)
        hypotheses.show_translations(self.translations, self.prefix.strip())
        self.grid.show_translation(self.chosen)

    def describe(self) -> str:
        chosen = self.chosen
        if chosen is None or self.is_comparison:
            return ""
        grid = self.grid
        if grid.has_focus and grid.weights:
            row, column = grid.weights[grid.row], grid.column
            most = max(range(len(row)), key=row.__getitem__)
            words = f"{grid.tokens[grid.row]} → {grid.sources[column]} {row[column]:.2f}"
            return words if most == column else f"{words} · most: {grid.sources[most]} {row[most]:.2f}"
        unread = f" · {chosen['unread']:,} tokens were not read" if chosen.get("unread") else ""
        logprob = f"{chosen['logprob']:.2f}".replace("-", "−")
        return f"{self.index + 1}/{len(self.translations)} · log-probability {logprob}{unread}"

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the beginning and the search for one run."""
        return not (self.is_comparison and action == "focus_on" and parameters != ("#text",))

    @on(SettingsPanel.Changed)
    def _setting_changed(self, event: SettingsPanel.Changed) -> None:
        self.search.update(adjusted(self.search, event.name))
        self.query_one(SettingsPanel).refresh()
        self.predict()

    @on(Hypotheses.Chosen)
    def _chosen(self) -> None:
        self.grid.show_translation(self.chosen)
        self.show_status()

    @on(AttentionGrid.Moved)
    def _moved(self) -> None:
        self.show_status()

    @on(Hypotheses.Left)
    def _left(self, event: Hypotheses.Left) -> None:
        (self.query_one("#text") if event.by < 0 else self.grid).focus()

    @on(AttentionGrid.LeftAbove)
    def _left_grid(self) -> None:
        self.answer.focus()

    def on_descendant_focus(self) -> None:
        self.show_status()

    @on(AttentionGrid.Kept)
    def _keep(self) -> None:
        if self.chosen is not None:
            self.query_one("#prefix", Input).value = up_to(self.chosen["text"], self.grid.tokens, self.grid.row)

    @on(AttentionGrid.Replaced)
    def _replace(self) -> None:
        if self.chosen is not None:
            line = self.query_one("#prefix", Input)
            line.value = before(self.chosen["text"], self.grid.tokens, self.grid.row)
            line.focus()
            line.cursor_position = len(line.value)

    @on(AttentionGrid.Freed)
    def _free(self) -> None:
        self.query_one("#prefix", Input).value = ""

    def content_to_copy(self) -> str:
        if self.is_comparison:
            return "\n".join(each["text"] for each in self.translations)
        return self.chosen["text"] if self.chosen is not None else ""


def beam_settings(run: str) -> tuple[Setting, ...]:
    """Beam settings with the defaults of a run's recipe; one that can't be read leaves them as in all recipes."""
    try:
        search: dict[str, Any] = read_recipe(Run.at(run)).get("search", {})
    except SeqnlpError:
        search = {}
    found = {
        setting.name: search[setting.name]
        for setting in BEAM_SETTINGS
        if isinstance(search.get(setting.name), (type(setting.default), int))  # else the recipe is damaged
    }
    found["best"] = min(N_BEST, found.get("beam", N_BEST))
    return tuple(replace(setting, default=found.get(setting.name, setting.default)) for setting in BEAM_SETTINGS)


def adjusted(values: Mapping[str, Any], changed: str) -> dict[str, Any]:
    """Values once one was changed: the n-best list is no longer than the beam is wide."""
    beam, best = values["beam"], values["best"]
    return {**values, "beam": max(beam, best)} if changed == "best" else {**values, "best": min(best, beam)}


def mark_differences(left: str, right: str) -> tuple[Content, Content]:
    """Two texts with the words marked in which they differ."""
    words, others = left.split(), right.split()
    steps = SequenceMatcher(None, words, others, autojunk=False).get_opcodes()
    return (
        _marked(words, [(begin, end) for kind, begin, end, _, _ in steps if kind != "equal"]),
        _marked(others, [(begin, end) for kind, _, _, begin, end in steps if kind != "equal"]),
    )


def _marked(words: Sequence[str], spans: Sequence[tuple[int, int]]) -> Content:
    marked = {place for begin, end in spans for place in range(begin, end)}
    parts = [Content.styled(word, DIFFERENT if place in marked else "") for place, word in enumerate(words)]
    return Content(" ").join(parts)


def up_to(text: str, tokens: Sequence[str], number: int) -> str:
    """The text up to the end of the word with a token."""
    _, end = _span(text, tokens, number)
    following = text.find(" ", end)
    return text if following < 0 else text[:following]


def before(text: str, tokens: Sequence[str], number: int) -> str:
    """The text before that word, with the blank at its end."""
    begin, _ = _span(text, tokens, number)
    return text[: text.rfind(" ", 0, begin + 1) + 1] if begin < len(text) else text


def _span(text: str, tokens: Sequence[str], number: int) -> tuple[int, int]:
    """Offsets of a token in the text joined from all tokens."""
    begin = end = 0
    for token in tokens[: number + 1]:
        letters = token.replace(BLANK, " ").strip(" ")
        found = text.find(letters, end)
        if found >= 0:  # else half of a character, which has no place of its own
            begin, end = found, found + len(letters)
    return begin, end
