"""Lines of styled text, for widgets that draw themselves line by line."""

from __future__ import annotations

from rich.segment import Segment
from textual.content import Content
from textual.strip import Strip
from textual.widget import Widget


def strip_of(widget: Widget, content: Content, width: int) -> Strip:
    """A line in the colours of a widget, filled up or cut to a width; styles may name the theme's variables."""
    line = content.truncate(width, ellipsis=True)
    line = line.pad_right(max(width - line.cell_length, 0))
    parts = line.render(widget.visual_style, end="", parse_style=widget.app.stylesheet.parse_style)
    return Strip([Segment(text, style.rich_style) for text, style in parts], width)


def column(text: str, width: int, style: str = "", right: bool = False) -> Content:
    """Text in a column: cut with an ellipsis if it is too long, with the column's rest blank."""
    cut = Content.styled(text, style).truncate(max(width, 0), ellipsis=True)
    rest = max(width - cut.cell_length, 0)
    return cut.pad_left(rest) if right else cut.pad_right(rest)
