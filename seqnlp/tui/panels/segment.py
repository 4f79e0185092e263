"""Segment panel: sentences and tokens appear below the text as one types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, final

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from seqnlp.run.summary import Summary
from seqnlp.service.client import ModelService
from seqnlp.tui.panels.base import PredictPanel

Sentence = Mapping[str, Any]
"""A JSON object of `seqnlp.tasks.segment.result.SegmentedSentence`."""


@final
class SegmentPanel(PredictPanel):
    """A text, and its sentences with their tokens."""

    REQUEST = "segment"
    PLACEHOLDER = "a text to segment"
    HELP = (
        "The sentences stand below the text as you type, each with its number and a blank line before a paragraph; the "
        "words of a multiword token stand in brackets behind it. The text may have several lines: ^j begins a new one, "
        "as does shift+enter where the terminal can tell it; an empty one ends a paragraph. Enter leads to the "
        "sentences, esc back to the text. Up and down in the text lead through earlier ones, ^r lists them."
    )
    COMPARE_HELP = (
        "Two segmenters are given the same text, which may have several lines (^j); their sentences stand side by "
        "side. F2 swaps the sides."
    )

    SCOPED_CSS: ClassVar[bool] = False

    DEFAULT_CSS = """
    SegmentPanel .answer { height: 1fr; padding: 0 2; scrollbar-size-vertical: 1; }
    SegmentPanel .answer > Static { height: auto; width: 1fr; }
    .-narrow SegmentPanel .answer { padding: 0 1; }
    """

    def __init__(self, runs: Sequence[Summary], service: ModelService) -> None:
        super().__init__(runs, service)
        self._found: list[list[Sentence]] = []

    def answer_widgets(self) -> Iterable[Widget]:
        """A scrollable text for each run."""
        yield self.side_by_side([VerticalScroll(Static("", markup=False), classes="answer") for _ in self.runs])

    @property
    def answer(self) -> Widget:
        return self.query(".answer").first()

    def request(self) -> dict[str, Any] | None:
        return {"text": self.typed} if self.typed.strip() else None

    def draw(self, answers: Sequence[Any]) -> None:
        self._found = [answer["sentences"] for answer in answers]
        shown = [numbered(sentences) for sentences in self._found]
        contents = shown or [Content.styled("the sentences will stand here", "$muted")] * len(self.runs)
        for view, content in zip(self.query(".answer > Static").results(Static), contents, strict=True):
            view.update(content)

    def describe(self) -> str:
        """Numbers of sentences, tokens and words; or the difference of two runs."""
        if not self._found:
            return ""
        if self.is_comparison:
            left, right = (bounds(sentences) for sentences in self._found)
            differing = len(left ^ right)
            return f"{differing:,} tokens or sentences differ" if differing else "the same sentences and tokens"
        sentences = self._found[0]
        tokens = [token for sentence in sentences for token in sentence["tokens"]]
        words = sum(len(token.get("words", [""])) for token in tokens)
        return f"{len(sentences):,} sentences · {len(tokens):,} tokens · {words:,} words"

    def content_to_copy(self) -> str:
        """A sentence a line, its tokens with blanks between; one block for each run."""
        blocks = [[" ".join(token["text"] for token in each["tokens"]) for each in found] for found in self._found]
        return "\n\n".join(map("\n".join, blocks))


def numbered(sentences: Sequence[Sentence]) -> Content:
    """Sentences with their numbers, paragraphs with an empty line between."""
    parts: list[Content] = []
    for number, sentence in enumerate(sentences, 1):
        if parts:
            parts.append(Content("\n\n" if sentence["begins_paragraph"] else "\n"))
        parts.append(Content.styled(f"{number:>3}  ", "$muted"))
        for place, token in enumerate(sentence["tokens"]):
            parts.append(Content(" " * bool(place) + token["text"]))
            if len(token.get("words", ())) > 1:
                parts.append(Content.styled(f" ({' '.join(token['words'])})", "$accent"))
    return Content("").join(parts)


def bounds(sentences: Sequence[Sentence]) -> set[tuple[int, int, bool]]:
    """Places of all tokens and sentences."""
    tokens = {(token["start"], token["end"], False) for each in sentences for token in each["tokens"]}
    return tokens | {(each["start"], each["end"], True) for each in sentences}
