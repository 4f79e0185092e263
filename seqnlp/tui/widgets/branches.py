"""Drawn tree of texts: a line for each branch with its fork, its first words and its mean surprise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.message import Message

from seqnlp.generation.tree import Line, TextTree
from seqnlp.tui.configuration.key_names import named
from seqnlp.tui.widgets.lines import LineScroll, column

SIGNS = {"sample": " ", "token": "≠", "edit": "✎", "again": "↻", "cell": "▦"}
"""Origins of a branch, each a cell wide."""

BITS = 5
"""Columns of the mean surprise."""

FORK = 7
"""Columns of the fork."""


@final
class Branches(LineScroll, can_focus=True):
    """A list of branches; those on the screen are marked, another one can be shown, named, marked or deleted."""

    BINDINGS: ClassVar[list[BindingType]] = named(
        "tree",
        Binding("up", "move(-1)", "branch above", show=False),
        Binding("down", "move(1)", "branch below", show=False),
        Binding("home", "move(-1000)", "first branch", show=False),
        Binding("end", "move(1000)", "last branch", show=False),
        Binding("enter,right", "choose", "show", key_display="⏎"),
        Binding("x,delete", "ask('delete')", "delete", key_display="x", tooltip="with all that leave it"),
        Binding("m", "ask('mark')", "mark", tooltip="marked branches are never dropped"),
        Binding("r", "ask('rename')", "name"),
    )

    DEFAULT_CSS = """
    Branches { height: 1fr; width: 1fr; overflow-y: auto; }
    """

    class Asked(Message):
        """Something is to be done with a branch: `show`, `delete`, `mark` or `rename`."""

        def __init__(self, do: str, number: int) -> None:
            super().__init__()
            self.do, self.number = do, number

    def __init__(self) -> None:
        super().__init__()
        self.lines: Sequence[Line] = ()
        self.index = 0
        self._tree = TextTree()
        self._shown: Sequence[int] = ()
        self._current = -1

    def show_tree(self, tree: TextTree, current: int) -> None:
        """Show a tree.

        Args:
            tree: All branches.
            current: The one in focus, which the cursor follows when it changes.
        """
        chosen = self.chosen
        self._tree, self.lines, self._shown = tree, tree.lines(), list(tree.shown)
        numbers = [line.branch.number for line in self.lines]
        wanted = current if current != self._current or chosen not in numbers else chosen
        self._current = current
        self.index = numbers.index(wanted) if wanted in numbers else min(self.index, max(len(numbers) - 1, 0))
        self.virtual_size = Size(0, len(self.lines))
        self.show_lines(self.index, self.index)
        self.refresh()

    @property
    def chosen(self) -> int | None:
        """Number of the branch under the cursor; None if there is none."""
        return self.lines[self.index].branch.number if self.index < len(self.lines) else None

    def line(self, number: int, width: int) -> Content | None:
        if number >= len(self.lines):
            return None
        return self._describe(self.lines[number], number == self.index and self.has_focus, width)

    def action_move(self, by: int) -> None:
        """Move to another line."""
        self.index = min(max(self.index + by, 0), max(len(self.lines) - 1, 0))
        self.show_lines(self.index, self.index)
        self.refresh()

    def action_choose(self) -> None:
        """Show the branch of this line."""
        self.action_ask("show")

    def action_ask(self, do: str) -> None:
        """Ask for something to be done with the branch of this line."""
        if self.chosen is not None:
            self.post_message(self.Asked(do, self.chosen))

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        number = self.line_under(event)
        if 0 <= number < len(self.lines):
            self.action_move(number - self.index)
            self.action_choose()

    def _describe(self, line: Line, here: bool, width: int) -> Content:
        branch = line.branch
        is_shown = branch.number in self._shown
        sign = "●" if branch.number == self._current else "○" if is_shown else " "
        bits = branch.bits()
        room = max(width - FORK - BITS - 3, 1)
        words = self._tree.first_words(branch, room)
        name = Content.styled(f"{branch.name}: ", "bold $accent") if branch.name else Content("")
        style = "bold" if branch.number == self._current else ""
        text = Content.assemble(
            (line.guides, "$faint"),
            (SIGNS.get(branch.kind, " "), "$muted"),
            ("★" if branch.marked else " ", "$accent"),
            name,
            (words or "…", style),
        ).truncate(room, ellipsis=True)
        row = Content.assemble((sign, "$accent"), column(f"{branch.at:,}", FORK - 1, "$muted", right=True), " ", text)
        row = row.pad_right(max(width - BITS - row.cell_length, 0))
        row = row.append(column("" if bits is None else f"{bits:.2f}", BITS, "$muted", right=True))
        return row.stylize("on $panel bold") if here else row
