"""Tagged sentence: tags below its words, or brackets below its spans."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
from typing import Any, final

from rich.cells import cell_len
from textual.content import Content

from seqnlp.tui.flow_layout import Place, bracket
from seqnlp.tui.themes import LabelColours
from seqnlp.tui.widgets.lines import column
from seqnlp.tui.widgets.word_flow import WordFlow, row_of

DOUBT = 0.5
"""Scores below this one are marked."""


@final
class TaggedView(WordFlow):
    """One label column of a tagging."""

    DEFAULT_CSS = """
    TaggedView { padding: 0 1 0 2; }
    """

    def __init__(self, invitation: str) -> None:
        super().__init__()
        self.invitation = invitation
        self.colours = LabelColours()
        self.tags: Sequence[str] = ()
        self.scores: Sequence[float] | None = None
        """Probability of each tag; None if they are not shown."""
        self.spans: Sequence[Mapping[str, Any]] | None = None
        """Spans as `label`, `start`, `end`; None if tags are no spans."""
        self.differing: Mapping[int, str] = {}
        """Another run's tags of the words that differ; these are marked."""
        self.second: Sequence[str] | None = None
        """Second-best label of each word; None if they are not shown."""
        self.corrected: Collection[int] = ()
        """Words whose tag was corrected by hand; these are marked."""

    def show_tags(
        self,
        words: Sequence[str],
        tags: Sequence[str],
        scores: Sequence[float] | None,
        spans: Sequence[Mapping[str, Any]] | None,
        differing: Mapping[int, str],
        second: Sequence[str] | None = None,
        corrected: Collection[int] = (),
    ) -> None:
        """Show a sentence."""
        self.words, self.tags, self.scores, self.spans, self.differing = words, tags, scores, spans, differing
        self.second, self.corrected = second, corrected
        for label in self.labels():
            self.colours.of(label)
        self.changed()

    def labels(self) -> list[str]:
        """Labels of words or spans, in the order of the sentence."""
        return list(self.tags) if self.spans is None else [span["label"] for span in self.spans]

    def span_at(self, word: int) -> Mapping[str, Any] | None:
        """The span with a word."""
        return next((span for span in self.spans or () if span["start"] <= word < span["end"]), None)

    def widths(self) -> list[int]:
        """Columns of words, tags and scores; a span is as wide as its bracket with the label."""
        least = 4 if self.scores is not None else 1
        widths = [max(cell_len(word), least) for word in self.words]
        if self.second is not None:
            widths = [max(width, cell_len(label)) for width, label in zip(widths, self.second, strict=True)]
        if self.spans is None:
            tags = [
                max(self.tags[number], self.differing.get(number, ""), key=cell_len) for number in range(len(widths))
            ]
            marks = [
                int(number in self.differing or number in self.corrected) for number in range(len(widths))
            ]  # both runs' words line up
            return [max(width, cell_len(tag) + mark) for width, tag, mark in zip(widths, tags, marks, strict=True)]
        for span in self.spans:
            there = sum(widths[span["start"] : span["end"]]) + 2 * (span["end"] - span["start"] - 1)
            widths[span["end"] - 1] += max(cell_len(span["label"]) + 4 - there, 0)
        return widths

    def style_of(self, number: int) -> str:
        if number in self.corrected:
            return "bold underline"
        if self.spans is None:
            return ""
        span = self.span_at(number)
        return "$foreground" if span is None else f"bold {self.colours.of(span['label'])}"

    def below(self, numbers: Sequence[int], places: Sequence[Place]) -> list[Content]:
        if self.spans is None:
            tags = [(number, self._styled_tag(number, places[number].width)) for number in numbers]
        else:
            tags = self._brackets(self.spans, numbers, places)
        rows = [row_of(tags, places)]
        if self.second is not None:
            labels = [(number, Content.styled(self.second[number], "$muted")) for number in numbers]
            rows.append(row_of(labels, places))
        if self.scores is not None:
            rows.append(row_of([(number, _score(self.scores[number])) for number in numbers], places))
        return rows

    def _tag(self, number: int) -> str:
        sign = "≠" if number in self.differing else "✎" if number in self.corrected else ""
        return f"{sign}{self.tags[number]}"

    def _styled_tag(self, number: int, width: int) -> Content:
        style = self.colours.of(self.tags[number])
        if number in self.differing:
            style = f"bold underline {style}"
        return column(self._tag(number), width, style).rstrip()

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
