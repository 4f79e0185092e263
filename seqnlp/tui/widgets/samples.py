"""Several samples: side by side and below each other, or one at a time under tabs where there is no room for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

from textual import events
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from seqnlp.tui.token_buffer import TokenBuffer
from seqnlp.tui.widgets.token_view import TokenView

MIN_WIDTH, MIN_HEIGHT = 20, 5
"""Columns and lines, at least, of a readable sample, the line of its title included."""


@final
class Samples(Vertical):
    """A `TokenView` for each sample; several have borders and numbers."""

    SCOPED_CSS: ClassVar[bool] = False

    DEFAULT_CSS = """
    Samples { width: 1fr; height: 1fr; }
    Samples > #texts { width: 1fr; height: 1fr; layout: grid; }
    Samples > SampleTabs { display: none; height: 1; padding: 0 1; }
    Samples.-tabs > SampleTabs { display: block; }
    """

    def __init__(self, buffer: TokenBuffer) -> None:
        super().__init__()
        self.current = 0
        """Index of the sample that is seen under tabs."""
        self._first = buffer

    def compose(self) -> ComposeResult:
        yield SampleTabs()
        yield Container(TokenView(self._first), id="texts")

    @property
    def views(self) -> list[TokenView]:
        """The samples in their order."""
        return list(self.query(TokenView))

    @property
    def has_tabs(self) -> bool:
        """True while one sample is seen at a time."""
        return self.has_class("-tabs")

    async def show_buffers(self, buffers: Sequence[TokenBuffer], titles: Sequence[str] = ()) -> None:
        """Show each text in a view of its own.

        Args:
            buffers: The texts.
            titles: Titles of them, if they are more than their numbers.
        """
        views, several = self.views, len(buffers) > 1
        new = [TokenView(buffer) for buffer in buffers[len(views) :]]
        for number, view in enumerate([*views, *new]):  # before they are laid out, for lines depend on it
            view.set_class(several, "-several")
            title = titles[number] if number < len(titles) else f"sample {number + 1}"
            view.border_title = Content(title).markup if several else None
        self._arrange(len(buffers))
        for view in views[len(buffers) :]:
            await view.remove()
        await self.query_one("#texts").mount(*new)
        self.choose(min(self.current, len(buffers) - 1))

    def choose(self, number: int) -> None:
        """Show a sample, also under tabs."""
        self.current = number
        for place, view in enumerate(self.views):
            view.display = place == number or not self.has_tabs
        self.query_one(SampleTabs).show_tabs(len(self.views), number)

    def on_resize(self) -> None:
        self._arrange(len(self.views))
        self.choose(self.current)

    def _arrange(self, count: int) -> None:
        columns = columns_for(count, self.size.width, self.size.height)
        self.set_class(columns == 0, "-tabs")
        self.query_one("#texts").styles.grid_size_columns = max(columns, 1)


@final
class SampleTabs(Widget):
    """Numbers of the samples; that of the one in view is marked, a click chooses another."""

    class Chosen(Message):
        """The number of a sample was clicked."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    TITLE = "sample "

    def __init__(self) -> None:
        super().__init__()
        self._count, self._current = 1, 0

    def show_tabs(self, count: int, current: int) -> None:
        """Show the numbers of so many samples."""
        self._count, self._current = count, current
        self.refresh()

    def render(self) -> Content:
        numbers = [
            (f" {number + 1} ", "bold $accent reverse" if number == self._current else "$muted")
            for number in range(self._count)
        ]
        return Content.assemble((self.TITLE, "$muted"), *numbers)

    def on_click(self, event: events.Click) -> None:
        content = event.get_content_offset(self)
        number = -1 if content is None else (content.x - len(self.TITLE)) // 3
        if 0 <= number < self._count:
            self.post_message(self.Chosen(number))


def columns_for(count: int, width: int, height: int) -> int:
    """Columns of the grid of samples with the fewest rows.

    Each sample has at least `MIN_WIDTH` times `MIN_HEIGHT` cells; 0 if no grid gives them. One alone needs no room.
    """
    for rows in range(1, count + 1):
        columns = -(-count // rows)
        if count == 1 or (width // columns >= MIN_WIDTH and height // rows >= MIN_HEIGHT):
            return columns
    return 0
