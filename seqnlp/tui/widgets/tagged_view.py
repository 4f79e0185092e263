"""A sentence with tags below its words, or brackets below those that belong together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, final

from rich.cells import cell_len
from textual.content import Content

from seqnlp.tui.colours import Colours
from seqnlp.tui.flowing import Place, bracket
from seqnlp.tui.widgets.lines import column
from seqnlp.tui.widgets.word_flow import WordFlow, row_of

DOUBT = 0.5
"""Scores below this one are warned of."""


@final
class TaggedView(WordFlow):
    """Shows one label column of a tagging."""

    DEFAULT_CSS = """
    TaggedView { padding: 0 1 0 2; }
    """

    def __init__(self, colours: Colours) -> None:
        super().__init__("tagged")
        self.colours = colours
        self.tags: Sequence[str] = ()
        self.scores: Sequence[float] | None = None
        """What the model gives to each tag; None if they are not to be seen."""
        self.spans: Sequence[Mapping[str, Any]] | None = None
        """Words that belong together: `label`, `start`, `end`; None if tags stand for none."""

    def show_tags(
        self,
        words: Sequence[str],
        tags: Sequence[str],
        scores: Sequence[float] | None,
        spans: Sequence[Mapping[str, Any]] | None,
    ) -> None:
        """Show another sentence, or the same one in another way."""
        self.words, self.tags, self.scores, self.spans = words, tags, scores, spans
        for label in self.labels():
            self.colours.of(label)
        self.changed()

    def labels(self) -> list[str]:
        """The labels in the order of the sentence, one for each word or span."""
        return list(self.tags) if self.spans is None else [span["label"] for span in self.spans]

    def span_at(self, word: int) -> Mapping[str, Any] | None:
        """The span that a word belongs to."""
        return next((span for span in self.spans or () if span["start"] <= word < span["end"]), None)

    def widths(self) -> list[int]:
        """As wide as words, tags and scores; a span is as wide as its bracket with the label."""
        least = 4 if self.scores is not None else 1
        widths = [max(cell_len(word), least) for word in self.words]
        if self.spans is None:
            return [max(width, cell_len(tag)) for width, tag in zip(widths, self.tags, strict=True)]
        for span in self.spans:
            there = sum(widths[span["start"] : span["end"]]) + 2 * (span["end"] - span["start"] - 1)
            widths[span["end"] - 1] += max(cell_len(span["label"]) + 4 - there, 0)
        return widths

    def style_of(self, number: int) -> str:
        """Words of spans have the colour of the label."""
        if self.spans is None:
            return ""
        span = self.span_at(number)
        return "$foreground" if span is None else f"bold {self.colours.of(span['label'])}"

    def below(self, numbers: Sequence[int], places: Sequence[Place]) -> list[Content]:
        """Tags or brackets, and scores if they are to be seen."""
        if self.spans is None:
            tags = [(number, self._tag(number, places[number].width)) for number in numbers]
        else:
            tags = self._brackets(self.spans, numbers, places)
        rows = [row_of(tags, places)]
        if self.scores is not None:
            rows.append(row_of([(number, _score(self.scores[number])) for number in numbers], places))
        return rows

    def _tag(self, number: int, width: int) -> Content:
        tag = self.tags[number]
        return column(tag, width, self.colours.of(tag)).rstrip()

    def _brackets(
        self, spans: Sequence[Mapping[str, Any]], numbers: Sequence[int], places: Sequence[Place]
    ) -> list[tuple[int, Content]]:
        whose = {word: number for number, span in enumerate(spans) for word in range(span["start"], span["end"])}
        parts = []
        for own, group in groupby(numbers, key=whose.get):
            if own is not None:
                words, span = list(group), spans[own]
                first, last = places[words[0]], places[words[-1]]
                opens, closes = words[0] == span["start"], words[-1] == span["end"] - 1
                line = bracket(span["label"], last.start + last.width - first.start, opens, closes)
                parts.append((words[0], Content.styled(line, self.colours.of(span["label"]))))
        return parts


def _score(score: float) -> Content:
    return Content.styled(f"{score:.2f}", "$muted" if score >= DOUBT else "bold underline $warning")
