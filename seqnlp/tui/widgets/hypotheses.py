"""N-best list of translations, one of them chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, final

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message

from seqnlp.tui.configuration.key_names import named
from seqnlp.tui.widgets.lines import LinesView, column


@final
class Hypotheses(LinesView):
    """A line for each translation: its score and its text."""

    BINDINGS: ClassVar[list[BindingType]] = named(
        "translations",
        Binding("up", "move(-1)", "better", show=False),
        Binding("down", "move(1)", "less good", show=False),
        Binding("enter", "move(1000000)", "attention"),
    )

    DEFAULT_CSS = """
    Hypotheses { padding: 0 1 0 2; height: 5; }
    """

    class Chosen(Message):
        """Another translation is chosen."""

    class Left(Message):
        """The cursor was moved past the first line (-1) or the last one (1)."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def __init__(self) -> None:
        super().__init__("hypotheses")
        self.translations: Sequence[Mapping[str, Any]] = ()
        self.index = 0
        self.prefix = ""
        """Forced beginning of all translations."""

    def show_translations(self, translations: Sequence[Mapping[str, Any]], prefix: str) -> None:
        """Show translations, and choose the best one."""
        self.translations, self.prefix, self.index = translations, prefix, 0
        self.changed()

    def action_move(self, by: int) -> None:
        """Choose another one, or leave the list."""
        if not 0 <= self.index + by < len(self.translations):
            self.post_message(self.Left(by))
        else:
            self.choose(self.index + by)

    def choose(self, number: int) -> None:
        """Choose a translation by its index."""
        self.index = number
        self.changed()
        self.show_lines(number, number)
        self.post_message(self.Chosen())

    def on_click(self, event: events.Click) -> None:
        number = self.line_under(event)
        if 0 <= number < len(self.translations):
            self.choose(number)

    def lines(self, width: int) -> list[Content]:
        """A line for each translation."""
        if not self.translations:
            return [Content.styled("the translations will stand here", "$muted")]
        return [self._line(number, width) for number in range(len(self.translations))]

    def _line(self, number: int, width: int) -> Content:
        translation, here = self.translations[number], number == self.index
        text = translation["text"]
        kept = len(self.prefix) if self.prefix and text.startswith(self.prefix) else 0
        line = Content.assemble(
            ("▸ " if here else "  ", "$accent"),
            column(f"{translation['score']:.2f}".replace("-", "−"), 7, "$muted"),
            (text[:kept], "underline $accent"),
            (text[kept:], "bold" if here else "$muted"),
        )
        return line.stylize("on $panel") if here and self.has_focus else line
