"""Contributions of words to a class, as signs below them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from rich.cells import cell_len
from textual.content import Content

from seqnlp.tui.flow_layout import Place
from seqnlp.tui.widgets.word_flow import WordFlow, row_of

SHADES = (0.15, 0.45, 0.75)
"""Shares of the largest contribution that give one, two and three signs."""


@final
class WeighedView(WordFlow):
    """Words with their contributions to a class: `+` for it, `−` against it; the more signs the stronger."""

    DEFAULT_CSS = """
    WeighedView { padding: 0 1 0 2; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.contributions: Sequence[float] = ()
        self.with_numbers = False
        self._most = 0.0
        """The largest absolute contribution."""

    def show_words(self, words: Sequence[str], contributions: Sequence[float], with_numbers: bool) -> None:
        """Show words with their contributions."""
        self.words, self.contributions, self.with_numbers = words, contributions, with_numbers
        self._most = max(map(abs, contributions), default=0.0)
        self.changed()

    def level(self, number: int) -> int:
        """Number of a word's signs; negative if they are `−`."""
        if not self._most:
            return 0
        own = self.contributions[number]
        level = sum(abs(own) / self._most >= shade for shade in SHADES)
        return level if own > 0 else -level

    def widths(self) -> list[int]:
        least = 5 if self.with_numbers else 1
        return [max(cell_len(word), least, abs(self.level(n))) for n, word in enumerate(self.words)]

    def style_of(self, number: int) -> str:
        """The stronger a word the deeper its background; the strongest ones are underlined too."""
        level = self.level(number)
        colour = "$success" if level > 0 else "$error"
        if self.app.ansi_color:
            return ("", "", "bold", "bold underline")[abs(level)]
        return (
            "$muted",
            f"$foreground on {colour} 14%",
            f"bold $foreground on {colour} 28%",
            f"bold underline $foreground on {colour} 45%",
        )[abs(level)]

    def below(self, numbers: Sequence[int], places: Sequence[Place]) -> list[Content]:
        return [row_of([(number, self._sign(number)) for number in numbers], places)]

    def _sign(self, number: int) -> Content:
        level = self.level(number)
        colour = "$muted" if not level else "$success" if level > 0 else "$error"
        if self.with_numbers:
            return Content.styled(signed(self.contributions[number]), colour)
        return Content.styled("+" * level if level > 0 else "−" * -level, colour)


def signed(value: float) -> str:
    """A contribution with its sign; five columns wide if below 10."""
    return f"{value:+.2f}".replace("-", "−")
