"""Table of the likeliest labels of a word, with their probabilities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, final

from textual.content import Content
from textual.widget import Widget

from seqnlp.tui.widgets.alternatives import bar
from seqnlp.tui.widgets.lines import column

MAX_NAME = 16
"""Columns of a label, at most."""


@final
class LabelTable(Widget):
    """A line for each label; the one that stands under the word is marked."""

    ALLOW_SELECT: ClassVar[bool] = False

    DEFAULT_CSS = """
    LabelTable { height: 1fr; width: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.word = ""
        self.shares: Sequence[tuple[str, float]] = ()
        """Labels and their probabilities, the likeliest first."""
        self.chosen = ""
        self._colour: Callable[[str], str] = lambda label: "$primary"

    def show(self, word: str, shares: Sequence[tuple[str, float]], chosen: str, colour: Callable[[str], str]) -> None:
        """Show the labels of a word.

        Args:
            word: The word.
            shares: Labels and their probabilities, the likeliest first.
            chosen: The label under the word.
            colour: Colour of a label.
        """
        self.word, self.shares, self.chosen, self._colour = word, shares, chosen, colour
        self.refresh()

    def render(self) -> Content:
        width = self.size.width
        if not self.shares:
            return Content.styled("the probabilities of the word\nunder the cursor", "$muted")
        room = self._name_width(width)
        lines = [column(self.word, width, "bold")]
        lines += [self._line(number, width) for number in range(min(len(self.shares), max(self.size.height - 2, 1)))]
        rest = 1 - sum(share for _, share in self.shares)
        if rest >= 0.0005 and len(lines) < self.size.height:
            lines.append(Content.styled(f"{'':{4 + room}}{100 * rest:6.1f}%  all others", "$muted"))
        if self.chosen not in [label for label, _ in self.shares] and len(lines) < self.size.height:
            lines.append(
                Content.assemble(("✎   ", "$accent"), column(self.chosen, self._name_width(width), "bold reverse"))
            )
        return Content("\n").join(lines)

    def _name_width(self, width: int) -> int:
        longest = max(len(label) for label, _ in self.shares)
        return min(longest, max(width - 20, 6), MAX_NAME)

    def _line(self, number: int, width: int) -> Content:
        label, share = self.shares[number]
        here = label == self.chosen
        digit = str(number + 1) if number < 9 else " "
        style = f"bold reverse {self._colour(label)}" if here else self._colour(label)
        line = Content.assemble(
            (f" {digit}  ", "$muted"),
            column(label, self._name_width(width), style),
            (f"{100 * share:6.1f}%  ", "" if here else "$muted"),
        )
        return line.append(Content.styled(bar(share, max(width - line.cell_length - 1, 0)), "$primary"))
