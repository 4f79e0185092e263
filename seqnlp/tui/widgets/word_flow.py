"""Words in lines with annotations below them, and a cursor."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import ClassVar, final, overload

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message

from seqnlp.tui.configuration.key_names import named
from seqnlp.tui.flow_layout import Place, flow, lines_of, nearest_in_line
from seqnlp.tui.widgets.lines import LinesView, column


class WordFlow(LinesView):
    """Annotated words: fill in `widths`, `style_of` and `below`; set `words`, then call `changed`."""

    BINDINGS: ClassVar[list[BindingType]] = named(
        "words",
        Binding("left", "step(-1)", "word before", show=False),
        Binding("right", "step(1)", "word after", show=False),
        Binding("up", "line(-1)", "line above", show=False),
        Binding("down", "line(1)", "line below", show=False),
        Binding("home", "step(-1000000)", "first word", show=False),
        Binding("end", "step(1000000)", "last word", show=False),
    )

    class Moved(Message):
        """The cursor is on another word."""

    class LeftAbove(Message):
        """The cursor was moved up from the first line."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id)
        self.words: Sequence[str] = ()
        self.cursor = 0
        self.invitation = ""
        """Text in the place of words while there are none."""
        self._places: list[Place] = []
        self._tall = 1
        """Lines of a line of words, with the annotations and the blank one."""

    @abstractmethod
    def widths(self) -> list[int]:
        """Columns of each word with its annotation."""

    @abstractmethod
    def style_of(self, number: int) -> str:
        """Style of a word."""

    @abstractmethod
    def below(self, numbers: Sequence[int], places: Sequence[Place]) -> list[Content]:
        """Annotations below a line of words.

        Args:
            numbers: The words of the line.
            places: Positions of all words.
        """

    def lines(self, width: int) -> Sequence[Content]:
        self._places = flow(self.widths(), width)
        self.cursor = min(self.cursor, max(len(self.words) - 1, 0))
        if not self.words:
            return [Content.styled(self.invitation, "$muted")]
        blocks = Blocks(lines_of(self._places), self._block)
        self._tall = blocks.tall
        return blocks

    def place(self, cursor: int) -> None:
        """Put the cursor on a word."""
        if self.words:
            self.cursor = min(max(cursor, 0), len(self.words) - 1)
            self.changed()
            line = self._places[self.cursor].line
            self.show_lines(line * self._tall, (line + 1) * self._tall - 2)
            self.post_message(self.Moved())

    def action_step(self, by: int) -> None:
        """Move by words."""
        self.place(self.cursor + by)

    def action_line(self, by: int) -> None:
        """Move to the word below or above."""
        if by < 0 and (not self._places or self._places[self.cursor].line == 0):
            self.post_message(self.LeftAbove())
        elif self._places:
            self.place(nearest_in_line(self._places, self.cursor, by))

    def on_focus(self) -> None:
        self.place(self.cursor)

    def on_click(self, event: events.Click) -> None:
        content = event.get_content_offset(self)
        if content is None:
            return
        line = (content.y + self.scroll_offset.y) // self._tall
        for number, place in enumerate(self._places):
            if place.line == line and place.start <= content.x < place.start + place.width:
                self.place(number)

    def _block(self, numbers: Sequence[int]) -> list[Content]:
        words = [(number, self._word(number)) for number in numbers]
        return [row_of(words, self._places), *self.below(numbers, self._places), Content("")]

    def _word(self, number: int) -> Content:
        here = self.has_focus and number == self.cursor
        width = self._places[number].width
        return (
            column(self.words[number], width)
            .rstrip()
            .stylize("bold $accent reverse" if here else self.style_of(number))
        )


@final
class Blocks(Sequence[Content]):
    """Lazy blocks of lines, all of one height; the last block has no blank line."""

    def __init__(self, lines: Sequence[Sequence[int]], make: Callable[[Sequence[int]], list[Content]]) -> None:
        """Set up.

        Args:
            lines: The words of each block, of which there is one at least.
            make: Makes the lines of a block.
        """
        self._blocks = lru_cache(maxsize=None)(lambda block: make(lines[block]))
        self.tall = len(self._blocks(0))
        self._length = len(lines) * self.tall - 1

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> Content: ...
    @overload
    def __getitem__(self, index: slice) -> list[Content]: ...
    def __getitem__(self, index: int | slice) -> Content | list[Content]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        return self._blocks(index // self.tall)[index % self.tall]


def row_of(parts: Sequence[tuple[int, Content]], places: Sequence[Place]) -> Content:
    """Join pieces of a line, each at the position of its cell."""
    line = Content("")
    for number, part in parts:
        line = line.pad_right(max(places[number].start - line.cell_length, 0)).append(part)
    return line
