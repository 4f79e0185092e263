"""Alternatives of a token: the likeliest tokens at its position, with their probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp
from typing import ClassVar, final

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from seqnlp.tui.configuration.key_names import named
from seqnlp.tui.widgets.lines import column

SIGNS = str.maketrans({" ": "␣", "\n": "↵", "\t": "⇥"})
DRAWN, DRAWN_WIDTH = 7, 34
"""Columns of the probability that a token is drawn with, and columns of a list that shows it."""

BLOCKS = " ▏▎▍▌▋▊▉█"


@final
class Alternatives(Widget, can_focus=True):
    """A line for each token; the one in the text is marked, another one can be chosen."""

    BINDINGS: ClassVar[list[BindingType]] = named(
        "alternatives",
        Binding("up", "move(-1)", "likelier", show=False),
        Binding("down", "move(1)", "less likely", show=False),
        Binding("enter", "take", "choose this"),
    )

    DEFAULT_CSS = """
    Alternatives { height: 1fr; width: 1fr; }
    """

    class Taken(Message):
        """A token was chosen."""

        def __init__(self, text: str, logprob: float) -> None:
            super().__init__()
            self.text, self.logprob = text, logprob

    def __init__(self) -> None:
        super().__init__()
        self.tokens: Sequence[tuple[str, float]] = ()
        self.chosen = -1
        """Index of the token that stands in the text."""
        self.index = 0
        self._shares: Mapping[str, float] = {}

    def show_tokens(self, tokens: Sequence[tuple[str, float]], chosen: tuple[str, float] | None = None) -> None:
        """Show tokens.

        Args:
            tokens: Texts and log-probabilities, the likeliest first.
            chosen: The one in the text, which is shown even if it is not among them.
        """
        texts = [text for text, _ in tokens]
        if chosen is not None and chosen[0] not in texts:
            tokens, texts = [*tokens, chosen], [*texts, chosen[0]]
        self.tokens, self._shares = tokens, {}
        self.chosen = texts.index(chosen[0]) if chosen is not None else -1
        self.index = max(self.chosen, 0)
        self.refresh()

    def show_shares(self, shares: Mapping[str, float]) -> None:
        """Show with which probabilities the settings would draw the tokens."""
        self._shares = shares
        self.refresh()

    def take(self, number: int) -> None:
        """Choose a token by its index."""
        if number < len(self.tokens):
            self.post_message(self.Taken(*self.tokens[number]))

    def action_move(self, by: int) -> None:
        """Move to another line."""
        if self.tokens:
            self.index = min(max(self.index + by, 0), len(self.tokens) - 1)
            self.refresh()

    def action_take(self) -> None:
        """Choose the token of this line."""
        self.take(self.index)

    def on_click(self, event: events.Click) -> None:
        seen = self._seen()
        if event.y < len(seen):
            self.take(seen[event.y])

    def render(self) -> Content:
        if not self.tokens:
            return Content.styled("move over the text to see\nwhat else could stand there", "$muted")
        width = self.size.width
        return Content("\n").join([self._line(number, width) for number in self._seen()])

    def _seen(self) -> list[int]:
        """Indices of the visible tokens; in the last line the one in the text, if it comes later."""
        seen = list(range(min(len(self.tokens), self.size.height)))
        late = [number for number in (self.chosen, self.index) if number >= len(seen)]
        return [*seen[:-1], late[-1]] if late and seen else seen

    def _line(self, number: int, width: int) -> Content:
        text, logprob = self.tokens[number]
        share = exp(logprob)
        here = number == self.chosen
        has_drawn = bool(self._shares) and width >= DRAWN_WIDTH
        name = max(min(width - 22 - DRAWN * has_drawn, 14), 5)
        left = "▸" if self.has_focus and number == self.index else " "
        line = Content.assemble(
            (f"{left}{(number + 1) % 10 if number < 10 else ' '} ", "$accent" if left == "▸" else "$muted"),
            column(text.translate(SIGNS), name, "bold $accent reverse" if here else "bold"),
            (f"{100 * share:6.1f}% ", "" if here else "$muted"),
        )
        if has_drawn:
            drawn = self._shares.get(text)
            percent = "-" if drawn is None else f"{100 * drawn:.1f}%"
            line = line.append(Content.styled(f"{percent:>6} ", "$accent" if drawn else "$muted"))
        return line.append(Content.styled(bar(share, max(width - line.cell_length, 0)), "$primary"))


def bar(share: float, width: int) -> str:
    """A bar of blocks, with eighths at its end."""
    eighths = round(share * width * 8)
    return BLOCKS[8] * (eighths // 8) + (BLOCKS[eighths % 8] if eighths % 8 else "")
