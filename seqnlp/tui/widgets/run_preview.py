"""Pane with the preview of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from textual.content import Content

from seqnlp.plots.sparkline import sparkline
from seqnlp.tui.listing import noun_of
from seqnlp.tui.run_preview import LOSS, Preview
from seqnlp.tui.widgets.lines import LinesView, column
from seqnlp.units import file_size, score

MAX_SCORES = 6
"""Scores that are shown, the one that decided first."""

LABEL = 14
"""Columns of the labels."""

LEAST_CURVE = 12
"""Columns that a curve needs beside both of its ends; in fewer only the last value is told."""


@final
class PreviewPane(LinesView, can_focus=False):
    """Scores, curves, recipe and last text of the run under the cursor."""

    def __init__(self) -> None:
        super().__init__()
        self.preview: Preview | None = None

    def show(self, preview: Preview | None) -> None:
        """Show a preview, or none."""
        if preview != self.preview:
            is_other = preview is None or self.preview is None or preview.run.path != self.preview.run.path
            self.preview = preview
            self.changed()
            if is_other:
                self.scroll_home(animate=False)

    def lines(self, width: int) -> Sequence[Content]:
        return [] if self.preview is None else preview_lines(self.preview, width)


def preview_lines(preview: Preview, width: int) -> list[Content]:
    """All lines, for a width in cells."""
    run = preview.run
    state = "" if run.state == "finished" else f"  {run.state}"
    size = f"  {file_size(run.model_bytes)}" if run.model_bytes else ""
    noun = noun_of(run.task)
    lines = [Content.assemble((run.name, "bold"))]
    if noun or state or size:
        lines.append(Content.assemble((noun, "$primary"), (state, "$warning"), (size, "$muted")))
    if run.note:
        lines += Content.styled(run.note, "italic").wrap(width)
    if run.problem:
        lines += [Content(""), *Content.styled(f"✕ {run.problem}", "$error").wrap(width)]
    if preview.output:
        lines += [Content(""), *(Content.styled(line, "$muted") for line in preview.output)]
    for part in (
        _score_lines(preview, width),
        _curve_lines(preview, width),
        _recipe_lines(preview, width),
        _text(preview, width),
    ):
        lines += [Content(""), *part] if part else []
    return lines


def _score_lines(preview: Preview, width: int) -> list[Content]:
    if not preview.scores:
        return []
    splits = list(next(iter(preview.scores.values())))
    names = sorted(preview.scores, key=lambda name: name != preview.run.metric)
    label = max(width - 10 * len(splits), LABEL)
    heads = [column(split, 10, "$muted", right=True) for split in splits]
    lines = [Content("").join([column("scores", label, "$muted"), *heads])]
    for name in names[:MAX_SCORES]:
        style = "bold" if name == preview.run.metric else ""
        cells = [column(score(preview.scores[name][split]), 10, style, right=True) for split in splits]
        lines.append(Content("").join([column(name, label, style), *cells]))
    return lines


def _curve_lines(preview: Preview, width: int) -> list[Content]:
    if not preview.curves:
        return []
    ends = [[score(value) for value in (values[0], values[-1])][-len(values) :] for _, values in preview.curves]
    told = [" → ".join(pair) for pair in ends]
    if width - LABEL - max(map(len, told)) < LEAST_CURVE:
        told = [pair[-1] for pair in ends]
    longest = max(map(len, told))
    room = max(width - LABEL - longest - 1, 4)
    wide = min(room, max(len(values) for _, values in preview.curves))  # about the same epochs
    return [
        Content.assemble(
            column(name, LABEL - 1, "$muted"),
            (f" {sparkline(stretched(values, wide), room):{room}}", "$accent" if name != LOSS else "$primary"),
            (f" {words:>{longest}}", "$muted"),
        ).truncate(width, ellipsis=True)
        for (name, values), words in zip(preview.curves, told, strict=True)
    ]


def stretched(values: Sequence[float | None], count: int) -> list[float | None]:
    """Repeat values so that there are at least so many."""
    if len(values) >= count:
        return list(values)
    return [values[place * len(values) // count] for place in range(count)]


def _recipe_lines(preview: Preview, width: int) -> list[Content]:
    return [
        Content.assemble(column(name, LABEL, "$muted"), column(words, width - LABEL)) for name, words in preview.recipe
    ]


def _text(preview: Preview, width: int) -> list[Content]:
    if not preview.text:
        return []
    visible = "".join(sign if sign.isprintable() or sign == "\n" else " " for sign in preview.text)
    wrapped = Content(visible).wrap(width)[:8]
    return [Content.styled("last text", "$muted"), *wrapped]
