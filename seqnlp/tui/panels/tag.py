"""Tag panel: tags appear under the words as one types."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain
from pathlib import Path
from typing import Any, ClassVar, final

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from seqnlp.run import Run
from seqnlp.run.directory import holds_runs
from seqnlp.run.summary import Summary, label_columns, lemma_columns, tag_set
from seqnlp.service.client import ModelService
from seqnlp.tui.configuration.key_names import named
from seqnlp.tui.configuration.load import Configuration
from seqnlp.tui.corrections import Corrections, spans_of
from seqnlp.tui.errors import notify_errors
from seqnlp.tui.listing import BROKEN, RunFolder
from seqnlp.tui.panels.correctable import CorrectablePanel
from seqnlp.tui.panels.tokens import left_out
from seqnlp.tui.themes import LabelColours
from seqnlp.tui.widgets.label_table import LabelTable
from seqnlp.tui.widgets.prompt import Prompt
from seqnlp.tui.widgets.tagged_view import TaggedView
from seqnlp.tui.widgets.word_flow import WordFlow

ALTERNATIVES, ALL_LABELS = 9, 1000
"""Labels of each word that are asked for, and those that a list of all has."""

MAX_LISTED = 300
"""Words of a sentence for which all labels can be listed."""

LABEL = "take this label"

Answer = Mapping[str, Any]
"""A JSON object of `seqnlp.results.Tagging`."""
LISTS = ("tokens", "tags", "scores")
"""Keys of an answer with an entry for each word ..."""
TABLES = ("columns", "column_scores")
"""... and those with such a list for each label column."""


@final
class TagPanel(CorrectablePanel):
    """A sentence, its tags, and a legend."""

    REQUEST = "tag"
    BY_LINE = True
    PLACEHOLDER = "a sentence to tag"
    HELP = (
        "Tags stand below the words as you type; where tags stand for spans, a bracket with the label holds the words "
        "together. F2 shows how probable each tag is to the model; those it doubts, below 0.50, are underlined. F3 "
        "goes to the next label column if the tagger has several. Down leads to the words: the arrows go from one to "
        "the other, and below stands all that is known of it. Esc leads back to the line, as does typing. Of several "
        "lines, pasted or begun with ^j, that with the cursor is tagged; of a very long one its first 2,000 words. F4 "
        "has the words found by the first segmenter of this folder, by the next one, or by rules again. Up and down in "
        "the line lead through earlier ones, ^r lists them. F5 shows the likeliest labels of the word under the "
        "cursor, F9 the second-best label below each.\n\n"
        "On a word a digit takes one of these labels, enter lists all, and delete brings back that of the model. ^s "
        "saves the sentence as training data, in the format of the corpus, into a file of its own under corrections, "
        "and goes on to the next line. ^n writes a recipe that learns from the corpus and from these, to be trained."
    )
    COMPARE_HELP = (
        "Two taggers are given the same sentence. Tags that differ are underlined and have the sign ≠; below stands "
        "how many do. F2 swaps the sides, page up and down scroll through both. F3 goes to the next label column. Down "
        "leads to the words, esc back to the line. Of several lines (^j), that with the cursor is tagged. F4 has the "
        "words found by a segmenter."
    )

    BINDINGS: ClassVar[list[BindingType]] = named(
        "tag",
        Binding("f2", "numbers", "scores"),
        Binding("f3", "column", "column"),
        Binding("f4", "segmenter", "segmenter"),
        Binding("f5", "table", "table"),
        Binding("f9", "second", "second-best"),
        Binding("1", "label(0)", "label", key_display="1…9", tooltip=LABEL),
        *(Binding(str(n + 1), f"label({n})", "label", show=False, tooltip=LABEL) for n in range(1, 9)),
        Binding("enter", "other_label", "other label"),
        Binding("delete,backspace", "take_back", "the model's label", show=False),
        Binding("ctrl+s", "save", "save", key_display="^s", tooltip="save as training data"),
        Binding("ctrl+n,alt+n", "learn", "train with corrections", show=False),  # a browser keeps ctrl+n
    )

    def __init__(self, runs: Sequence[Summary], service: ModelService) -> None:
        super().__init__(runs, service)
        self.column = ""
        """Name of the label column that is drawn; empty: the first one."""
        self.with_second = False
        """True if the second-best label stands below each word."""
        self.corrections = Corrections()
        self.segmenters: Sequence[Summary] = ()
        """Segmenters in the folder of the runs."""
        self.segmenter: Summary | None = None
        """The one that finds the words; None: rules do."""

    @on(events.Mount)
    @work(group="segmenters")
    async def _find_segmenters(self) -> None:
        """List the segmenters in the folder of the runs."""
        folder = Path(self.runs[0].path).parent
        with suppress(OSError):
            found = await asyncio.to_thread(RunFolder(folder.parent if holds_runs(folder) else folder).read)
            self.segmenters = [run for run in found if run.task == "segment" and run.state != BROKEN]
            self.refresh_bindings()

    def configure(self, configuration: Configuration) -> None:
        self.with_numbers = bool(configuration.value("tag", "scores"))
        self.with_second = bool(configuration.value("tag", "second"))

    def answer_widgets(self) -> Iterable[Widget]:
        """A view for each run."""
        invitation = "the tags will stand here, each below its word"
        colours: dict[str, LabelColours] = {}  # one label, one colour, also in two runs
        lemmas = [lemma_columns(Run(Path(run.path))) for run in self.runs]
        views = self.side_by_side([TagView(invitation, colours, own) for own in lemmas])
        yield views if self.is_comparison else self.with_side(views, "this word", LabelTable())

    async def ask_all(self, request: Mapping[str, Any]) -> list[Any]:
        """The answer of each run; with a segmenter, for all sentences of it."""
        if self.segmenter is None:
            return await super().ask_all(request)
        found = await self.service.ask("segment", self.segmenter.path, {"text": request["sentences"]})
        words = [
            [word for token in sentence["tokens"] for word in token.get("words", [token["text"]])]
            for sentence in found["sentences"]
        ]
        return [await self._ask_sentences(number, words) for number in range(len(self.runs))]

    async def _ask_sentences(self, number: int, words: list[list[str]]) -> Answer:
        async with aclosing(self.stream(number, self.REQUEST, {"sentences": words})) as items:
            return joined([item async for item in items])

    @property
    def flows(self) -> list[TaggedView]:
        return list(self.query(TaggedView))

    def request(self) -> dict[str, Any] | None:
        if not self.typed.strip():
            return None
        return {"sentences": self.asked_text} | ({} if self.is_comparison else {"alternatives": ALTERNATIVES})

    def draw(self, answers: Sequence[Any]) -> None:
        self.answers = answers
        self.corrections.begin(self.found)
        differing = self._differing() or {}
        for number, view in enumerate(self.query(TagView)):
            answer = answers[number] if answers else {}
            others = {word: tags[1 - number] for word, tags in differing.items()}
            marks = Marks(self.with_numbers, not self.is_comparison, others, self._second(), self.corrections)
            view.draw(answer, self.column, marks)
        self._show_table()
        self.refresh_bindings()

    def _second(self) -> list[str] | None:
        """Second-best label of each word; None if these are not shown or not known."""
        shares = self._alternatives()
        if not self.with_second or self.is_comparison or not shares:
            return None
        labels = self.corrections.labels(chosen_column(self.found, self.column))
        return [
            next((label for label, _ in word if label != own), "") for word, own in zip(shares, labels, strict=True)
        ]

    def _alternatives(self) -> list[list[tuple[str, float]]]:
        """Likeliest labels of each word in the column that is drawn."""
        found = self.found.get("alternatives", {})
        column = chosen_column(self.found, self.column) or next(iter(found), "")
        return [[(label, share) for label, share in word] for word in found.get(column, [])]

    def _show_table(self) -> None:
        for table in self.query(LabelTable):
            shares, view = self._alternatives(), self.flows[0]
            if not view.words or view.cursor >= len(shares):
                table.show("", (), "", str)
                continue
            label = self.corrections.labels(chosen_column(self.found, self.column))[view.cursor]
            table.show(view.words[view.cursor], shares[view.cursor], label, self._colour_of)

    def _colour_of(self, label: str) -> str:
        """Colour of a label; where tags stand for spans, that of the span."""
        return self.flows[0].colours.of(label if self.found.get("spans") is None else span_type(label))

    @on(WordFlow.Moved)
    def _word_chosen(self) -> None:
        self._show_table()

    def describe(self) -> str | Content:
        """Number of words and spans; the word under the cursor; or the difference of two runs."""
        if not self.found.get("tokens"):
            return ""
        if (focused := self.focused_flow()) is not None:
            number, flow = focused
            word = _describe_word(self.answers[number], flow.cursor)
            return Content(word) if self.is_comparison else Content("   ").join([Content(word), *self._unsaved()])
        if self.is_comparison:
            return self._difference()
        if unsaved := self._unsaved():
            return unsaved[0]
        tokens, scores = self.found["tokens"], _scores(self.found, chosen_column(self.found, self.column))
        parts = [_count(len(tokens), "word")]
        if (spans := self.found.get("spans")) is not None:
            parts.append(_count(len(spans), "span"))
        least = min(range(len(tokens)), key=scores.__getitem__)
        return " · ".join([*parts, f"least sure: {tokens[least]} {scores[least]:.2f}"])

    def _unsaved(self) -> list[Content]:
        """Number of the corrections; nothing if there are none."""
        if not (changed := len(self.corrections)):
            return []
        state = "saved" if self.corrections.is_saved else "not saved yet: ^s"
        return [Content.assemble(("✎ ", "$accent"), f"{_count(changed, 'correction')}, {state}")]

    def _difference(self) -> Content:
        differing = self._differing()
        if self.answers[0]["tokens"] != self.answers[1]["tokens"]:
            return Content.styled("They split the text differently.", "$muted")
        if differing is None:
            return Content.styled("Their tags are of different kinds.", "$muted")
        words = len(self.found["tokens"])
        if not differing:
            return Content.assemble(("= ", "$success"), f"the same tags for all {words:,} words")
        count = f"{len(differing):,} of {words:,} words are tagged differently"
        return Content.assemble(("≠ ", "bold $warning"), (count, "bold"))

    @cached_property
    def _is_comparable(self) -> bool:
        return same_kind_of_tags(self.runs)

    def _differing(self) -> dict[int, tuple[str, str]] | None:
        """Words that two runs tag differently, with both tags; None if these can't be compared."""
        if len(self.answers) < 2 or not self._is_comparable:
            return None
        left, right = (answer["tags"] for answer in self.answers)
        if self.answers[0]["tokens"] != self.answers[1]["tokens"]:
            return None
        pairs = enumerate(zip(left, right, strict=True))
        return {word: tags for word, tags in pairs if tags[0] != tags[1]}

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "column":
            return len(tag_columns(self.found)) > 1
        if action in ("second", "table"):
            return not self.is_comparison
        if self.segmenter is not None and action in ("save", "label", "other_label", "take_back"):
            return False  # its words may be those of several sentences
        if action in ("save", "learn"):
            return not self.is_comparison and (action == "learn" or bool(self.found.get("tokens")))
        if action in ("label", "other_label", "take_back"):
            on_words = not self.is_comparison and bool(self.found.get("tokens")) and self.focused_flow() is not None
            return on_words and (action != "label" or bool(self._alternatives()))
        if action == "segmenter":
            return bool(self.segmenters)
        return super().check_action(action, parameters)

    def action_column(self) -> None:
        """Draw the next label column."""
        names = list(tag_columns(self.found))
        self.column = names[(names.index(chosen_column(self.found, self.column)) + 1) % len(names)]
        self.draw(self.answers)
        self.show_status()

    def export_formats(self) -> dict[str, Callable[[], str]]:
        return {".tsv": lambda: f"{self.content_to_copy()}\n", **super().export_formats()}

    def action_second(self) -> None:
        """Show the second-best labels, or hide them."""
        self.with_second = not self.with_second
        self.draw(self.answers)

    # corrections

    def action_label(self, number: int) -> None:
        """Give the word under the cursor one of its likeliest labels."""
        shares = self._alternatives()
        cursor = self.answer.cursor
        if cursor < len(shares) and number < len(shares[cursor]):
            self._correct(cursor, shares[cursor][number][0])

    def action_take_back(self) -> None:
        """Give the word under the cursor the model's label again."""
        column, cursor = chosen_column(self.found, self.column), self.answer.cursor
        self._correct(cursor, self.corrections.predicted(column)[cursor])

    def _correct(self, word: int, label: str) -> None:
        self.corrections.set(chosen_column(self.found, self.column), word, label)
        self.draw(self.answers)
        self.show_status()

    @work(exclusive=True, group="label")
    async def action_other_label(self) -> None:
        """Choose any label for the word under the cursor."""
        from seqnlp.tui.panels.labels import LabelScreen

        cursor, column, tokens = self.answer.cursor, chosen_column(self.found, self.column), self.found["tokens"]
        shares = self._alternatives()
        row = shares[cursor] if cursor < len(shares) else []
        if len(tokens) <= MAX_LISTED:
            with notify_errors(self):
                answer = await self.ask(0, self.REQUEST, {"sentences": self.asked_text, "alternatives": ALL_LABELS})
                found = answer.get("alternatives", {})
                rows = found.get(column or next(iter(found), ""), [])
                row = [(label, share) for label, share in rows[cursor]] if answer["tokens"] == tokens and rows else row
        chosen = await self.app.push_screen_wait(LabelScreen(f"The label of {tokens[cursor]}", row))
        if chosen and self.is_open and self.found.get("tokens") == tokens:
            self._correct(cursor, chosen[0])

    @work(exclusive=True, group="save")
    async def action_save(self) -> None:
        """Save the sentence as training data; go on to the next line."""
        tokens = self.found.get("tokens")
        if not tokens or left_out(self.typed):
            self.notify("Only a whole sentence can be saved.", severity="warning", timeout=3)
            return
        names = list(tag_columns(self.found))
        files = label_columns(Run(Path(self.runs[0].path))) if names == [""] else names
        columns = {file: self.corrections.labels(name) for file, name in zip(files, names, strict=False)}
        with notify_errors(self):
            done = await self.ask(0, "correct", {"tokens": tokens, "columns": columns, "text": self.typed})
            if self.is_open:
                self._saved(done, tokens)

    def _saved(self, done: Mapping[str, Any], tokens: Sequence[str]) -> None:
        again = " again" if done["replaced"] else ""
        self.notify(f"Saved{again}: {_count(done['count'], 'sentence')} in {done['file']}", timeout=3, markup=False)
        if self.found.get("tokens") == tokens:
            self.corrections.saved()
            if isinstance(self.prompt_line, Prompt):
                self.prompt_line.next_line()
            self.draw(self.answers)
            self.show_status()

    def action_segmenter(self) -> None:
        """Choose the next segmenter; behind the last one rules again."""
        choices = [None, *self.segmenters]
        place = choices.index(self.segmenter) if self.segmenter in choices else 0
        self.segmenter = choices[(place + 1) % len(choices)]
        self.predict()
        self.show_status()

    def origin(self) -> Content:
        return Content("") if self.segmenter is None else Content.styled(f"words by {self.segmenter.name}", "$accent")

    def content_to_copy(self) -> str:
        """A line for each word: the word, and its tags of all columns; one block for each run."""
        columns = [
            [
                self.corrections.labels(name) if len(self.corrections) else tags
                for name, tags in tag_columns(each).items()
            ]
            for each in self.answers
        ]
        blocks = [zip(each["tokens"], *own, strict=True) for each, own in zip(self.answers, columns, strict=True)]
        return "\n\n".join("\n".join("\t".join(row) for row in rows) for rows in blocks)


@final
@dataclass(frozen=True)
class Marks:
    """Annotations of a sentence beside its tags."""

    scores: bool
    """Draw probabilities."""
    brackets: bool
    """Draw spans as brackets rather than as tags; and corrections, which one run alone has."""
    differing: Mapping[int, str]
    """The other run's tags of the words that differ, which are marked."""
    second: Sequence[str] | None
    """Second-best label of each word."""
    corrections: Corrections


@final
class TagView(Vertical):
    """Answer of one tagger: its label columns, the words, and a legend."""

    SCOPED_CSS: ClassVar[bool] = False

    DEFAULT_CSS = """
    TagView { height: 1fr; }
    TagView > .columns { height: auto; max-height: 2; padding: 0 2 1 2; display: none; }
    TagView.-several > .columns { display: block; }
    TagView > .legend { height: auto; max-height: 3; padding: 0 2; margin-top: 1; }
    .-comparison TagView > .legend { display: none; }
    .-narrow TagView > * { padding: 0 1; }
    """

    def __init__(self, invitation: str, colours: dict[str, LabelColours], lemmas: Collection[str] = ()) -> None:
        """Set up.

        Args:
            invitation: Text in the place of words while there are none.
            colours: Colours of labels by column, filled as labels are seen.
            lemmas: Columns of lemmas, which are no classes: they have one colour and no legend.
        """
        super().__init__()
        self._invitation, self._colours, self._lemmas = invitation, colours, lemmas

    def compose(self) -> ComposeResult:
        yield Static("", classes="columns", markup=False)
        yield TaggedView(self._invitation)
        yield Static("", classes="legend", markup=False)

    def draw(self, answer: Answer, column: str, marks: Marks) -> None:
        """Draw one label column.

        Args:
            answer: The tagged sentence; empty if there is none.
            column: Name of the column; empty for the first one.
            marks: All else that stands with the words.
        """
        columns, chosen = tag_columns(answer), chosen_column(answer, column)
        view = self.query_one(TaggedView)
        is_lemma = (chosen or next(iter(self._lemmas), "")) in self._lemmas
        view.colours = self._colours.setdefault(chosen, LabelColours(1) if is_lemma else LabelColours())
        scores = _scores(answer, chosen) if marks.scores else None
        corrected = marks.corrections.changed(chosen) if marks.brackets else set()
        tags = marks.corrections.labels(chosen) if corrected else columns[chosen]
        spans = answer.get("spans") if marks.brackets else None
        if spans is not None and corrected:
            spans = spans_of(tags)
        view.show_tags(answer.get("tokens", []), tags, scores, spans, marks.differing, marks.second, corrected)
        self.set_class(len(columns) > 1, "-several")
        names = [(f" {name} ", "bold $accent reverse" if name == chosen else "$muted") for name in columns]
        self.query_one(".columns", Static).update(Content.assemble(*names))
        self.query_one(".legend", Static).update(_changed(view) if is_lemma else _legend(view))


def joined(answers: Sequence[Answer]) -> Answer:
    """One answer for several sentences, as if they were one."""
    if not answers:
        return {}
    whole: dict[str, Any] = {name: list(chain.from_iterable(each[name] for each in answers)) for name in LISTS}
    for name in TABLES:
        if name in answers[0]:
            whole[name] = {
                column: list(chain.from_iterable(each[name][column] for each in answers)) for column in answers[0][name]
            }
    if answers[0].get("spans") is not None:
        starts = accumulate((len(each["tokens"]) for each in answers), initial=0)
        whole["spans"] = [
            {**span, "start": span["start"] + start, "end": span["end"] + start}
            for start, each in zip(starts, answers, strict=False)
            for span in each["spans"]
        ]
    return whole


def tag_columns(answer: Answer) -> dict[str, list[str]]:
    """Tags by label column, the first one first."""
    return answer.get("columns") or {"": answer.get("tags", [])}


def chosen_column(answer: Answer, wanted: str) -> str:
    """Name of the label column that is drawn."""
    columns = tag_columns(answer)
    return wanted if wanted in columns else next(iter(columns))


def span_type(tag: str) -> str:
    """Label of a tag's span, `PER` of `B-PER`; the tag itself outside spans."""
    return tag.partition("-")[2] or tag


def same_kind_of_tags(runs: Sequence[Summary]) -> bool:
    """True if two taggers share a tag, or one's tags are unknown."""
    left, right = (tag_set(Run(Path(run.path))) for run in runs)
    return not left or not right or not left.isdisjoint(right)


def _scores(answer: Answer, column: str) -> list[float]:
    """Probabilities of a column's tags."""
    scores: list[float] = answer.get("column_scores", {}).get(column, answer.get("scores", []))
    return scores


def _describe_word(answer: Answer, number: int) -> str:
    tokens = answer["tokens"]
    tags = [
        f"{name} {tags[number]} {_scores(answer, name)[number]:.2f}".strip()
        for name, tags in tag_columns(answer).items()
    ]
    return f"{number + 1:,}/{len(tokens):,}  {tokens[number]}  {' · '.join(tags)}"


def _changed(view: TaggedView) -> Content:
    """Number of words that are not their own lemma."""
    count = sum(word.lower() != lemma.lower() for word, lemma in zip(view.words, view.labels(), strict=True))
    text = f"{count:,} of {_count(len(view.words), 'word')} not the lemma itself" if count else ""
    return Content.styled(text, "$muted")


def _legend(view: TaggedView) -> Content:
    counts = Counter(view.labels())
    space = "\N{NO-BREAK SPACE}"
    parts = [
        Content.assemble(("■", view.colours.of(label)), f"{space}{label}", (f"{space}{count:,}", "$muted"))
        for label, count in counts.items()
    ]
    return Content("   ").join(parts)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"
