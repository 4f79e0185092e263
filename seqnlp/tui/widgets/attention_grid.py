"""Attention matrix of a translation: source tokens across, target tokens down, with a cursor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, final

from rich.cells import cell_len, set_cell_size
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from seqnlp.plots.terminal import shade
from seqnlp.tui.configuration.key_names import named
from seqnlp.tui.flow_layout import cut
from seqnlp.tui.widgets.lines import column

MAX_CELL = 11
"""Columns of a cell, at most."""
MIN_ACROSS = 4
"""Columns of a cell from which on source tokens are written across rather than down."""
MAX_TINT_OF_DIGITS = 0.42
"""Share of the colour in a cell with digits and the weight 1: with more of it they could not be read."""

MAX_LETTERS = 8
"""Letters of a source token that is written down."""


@final
class AttentionGrid(Widget, can_focus=True):
    """A shaded cell for each pair of tokens; rows and columns out of view follow the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = named(
        "attention",
        Binding("up", "move(-1, 0)", "word above", show=False),
        Binding("down", "move(1, 0)", "word below", show=False),
        Binding("left", "move(0, -1)", "source word before", show=False),
        Binding("right", "move(0, 1)", "source word after", show=False),
        Binding("enter", "keep", "keep up to here"),
        Binding("x", "replace", "type another"),
        Binding("delete", "free", "keep nothing", show=False),
    )

    DEFAULT_CSS = """
    AttentionGrid { padding: 0 2; height: 1fr; width: 1fr; }
    """

    class Moved(Message):
        """The cursor is on another cell."""

    class Kept(Message):
        """The translation shall be kept up to the cursor's token."""

    class Replaced(Message):
        """Another token shall be typed in the place of the cursor's."""

    class Freed(Message):
        """Nothing of the translation shall be kept."""

    class LeftAbove(Message):
        """The cursor was moved up from the first line."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: Sequence[str] = ()
        self.tokens: Sequence[str] = ()
        self.weights: Sequence[Sequence[float]] = ()
        self.row = self.column = 0

    def show_translation(self, translation: Mapping[str, Any] | None) -> None:
        """Show the attention of another translation."""
        found = translation or {}
        self.sources, self.tokens = found.get("source_tokens", ()), found.get("tokens", ())
        self.weights = found.get("attention") or ()
        self._stay()
        self.refresh()

    def action_move(self, down: int, across: int) -> None:
        """Move to a neighbour."""
        if self.row + down < 0:
            self.post_message(self.LeftAbove())
        else:
            self.go_to(self.row + down, self.column + across)

    def go_to(self, row: int, column: int) -> None:
        """Put the cursor on a cell."""
        self.row, self.column = row, column
        self._stay()
        self.refresh()
        self.post_message(self.Moved())

    def action_keep(self) -> None:
        """Keep the translation up to the cursor."""
        self.post_message(self.Kept())

    def action_replace(self) -> None:
        """Type another token instead."""
        self.post_message(self.Replaced())

    def action_free(self) -> None:
        """Keep nothing."""
        self.post_message(self.Freed())

    def on_focus(self) -> None:
        self.go_to(self.row, self.column)

    def on_blur(self) -> None:
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        content = event.get_content_offset(self)
        if content is None or not self.weights:
            return
        gutter, cell, first, _ = self._across()
        above, top, seen = self._down()
        if content.y >= above and content.y - above < seen:
            across = first + max(content.x - gutter - 1, 0) // cell if content.x > gutter else self.column
            self.go_to(top + content.y - above, across)

    def render(self) -> Content:
        if not self.weights:
            return Content("")
        gutter, cell, first, count = self._across()
        _, top, seen = self._down()
        columns = range(first, first + count)
        rows = [self._row(row, gutter, cell, columns) for row in range(top, top + seen)]
        return Content("\n").join([*self._heading(gutter, cell, columns), *rows])

    def _stay(self) -> None:
        self.row = min(max(self.row, 0), max(len(self.tokens) - 1, 0))
        self.column = min(max(self.column, 0), max(len(self.sources) - 1, 0))

    def _across(self) -> tuple[int, int, int, int]:
        """Widths of gutter and cell, first source token shown, number shown."""
        width = self.size.width
        gutter = min(max(map(cell_len, self.tokens), default=0), max(width // 4, 4))
        room = max(width - gutter - 1, 2)
        longest = max(map(cell_len, self.sources), default=1)
        cell = min(max(room // max(len(self.sources), 1), 2), longest + 1, MAX_CELL)
        cell = max(cell, 2)
        count = min(room // cell, len(self.sources))
        return gutter, cell, max(self.column - count + 1, 0), count

    def _down(self) -> tuple[int, int, int]:
        """Lines of the heading, first row shown, number of rows shown."""
        _, cell, _, _ = self._across()
        above = 1 if cell >= MIN_ACROSS else self._letters()
        seen = min(max(self.size.height - above, 1), len(self.tokens))
        return above, max(self.row - seen + 1, 0), seen

    def _letters(self) -> int:
        return min(max(map(len, self.sources), default=1), MAX_LETTERS, max(self.size.height // 3, 1))

    def _heading(self, gutter: int, cell: int, columns: range) -> list[Content]:
        blank = Content(" " * (gutter + 1))
        if cell >= MIN_ACROSS:
            names = [_fitting(self.sources[n], cell - 1) for n in columns]
            parts = [column(name, cell, self._source_style(n)) for n, name in zip(columns, names, strict=True)]
            return [blank.append(Content("").join(parts))]
        height = self._letters()
        down = [name if len(name) <= height else name[: height - 1] + "…" for name in self.sources]
        lines = []
        for row in range(height):
            letters = [
                column(name.rjust(height)[row], cell, self._source_style(n))
                for n, name in ((n, down[n]) for n in columns)
            ]
            lines.append(blank.append(Content("").join(letters)))
        return lines

    def _source_style(self, number: int) -> str:
        if not self.has_focus:
            return "$muted"
        weights = self.weights[self.row]
        strongest = weights[number] == max(weights)
        style = "bold $accent" if number == self.column else "" if strongest else "$muted"
        return f"{style} underline" if strongest else style

    def _row(self, row: int, gutter: int, cell: int, columns: range) -> Content:
        here = self.has_focus and row == self.row
        label = column(cut(self.tokens[row], gutter), gutter, "bold $accent reverse" if here else "", right=True)
        cells = [
            self._cell(self.weights[row][number], cell, here, here and number == self.column) for number in columns
        ]
        return label.append(" ").append(Content("").join(cells))

    def _cell(self, weight: float, cell: int, in_row: bool, here: bool) -> Content:
        """A cell, the darker the larger its weight; the cursor's row also has the digits, if there is room."""
        has_digits = in_row and cell >= MIN_ACROSS and weight >= 0.005
        digits = (f"{weight:.2f}"[1:] if weight < 0.995 else "1.0") if has_digits else ""
        if self.app.ansi_color:
            text = f"{digits} ".ljust(cell, shade(weight)) if digits else shade(weight) * cell
            return Content.styled(text, "reverse" if here else "")
        text = digits.center(cell) if digits else " " * cell
        ground = "$accent" if in_row else "$primary"
        most = MAX_TINT_OF_DIGITS if digits else 1
        style = f"$foreground on {ground} {round(100 * most * min(weight, 1))}%"
        if weight >= 0.5 and not digits:
            style = style.replace("$foreground", "$background")
        if here and not digits:
            text = "▔" * cell if weight < 0.5 else "▁" * cell
        return Content.styled(text, f"bold underline {style}" if here and digits else style)


def _fitting(name: str, width: int) -> str:
    """Cut a token to a width; an ellipsis would take too much of very little."""
    return cut(name, width) if width > MIN_ACROSS else set_cell_size(name, min(cell_len(name), width))
