"""Settings that keys, mouse and wheel change: one below the other, or in columns where the height is short."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, final

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from seqnlp.tui.dialling import Dial, Value
from seqnlp.tui.widgets.lines import column

NARROWEST = 17
"""Columns of the terminal that a column of dials needs at least."""


@final
class Dials(Widget, can_focus=True):
    """A list of dials; one of them is chosen, and arrows turn it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "choose(-1)", "setting above", show=False),
        Binding("down", "choose(1)", "setting below", show=False),
        Binding("left", "turn(-1)", "less", key_display="←"),
        Binding("right", "turn(1)", "more", key_display="→"),
        Binding("delete", "reset", "as at first"),
    ]

    DEFAULT_CSS = """
    Dials { height: 8; width: 1fr; }
    """

    class Turned(Message):
        """A dial stands at another value."""

        def __init__(self, name: str, value: Value) -> None:
            super().__init__()
            self.name, self.value = name, value

    def __init__(self, dials: Sequence[Dial], values: dict[str, Any], room: int = 10) -> None:
        """Take the dials, what they stand at, which turning them changes, and how much room a value has."""
        super().__init__()
        self.dials, self.values, self.room = dials, values, room
        self.index = 0
        self._typed = ""

    def action_choose(self, by: int) -> None:
        """Another dial."""
        self._take_typed()
        self.index = (self.index + by) % len(self.dials)
        self._show()

    def action_turn(self, by: int) -> None:
        """The next value, less or more."""
        self._typed = ""
        dial = self.dials[self.index]
        self._set(dial, dial.step(self.values[dial.name], by))

    def action_reset(self) -> None:
        """The value that it had in the beginning."""
        self._typed = ""
        dial = self.dials[self.index]
        self._set(dial, dial.default)

    def on_key(self, event: events.Key) -> None:
        """Digits write a value, enter takes it; words are not written."""
        if event.character and event.character in "0123456789.":
            self._typed += "" if self.dials[self.index].has_words else event.character
        elif event.key == "backspace" and self._typed:
            self._typed = self._typed[:-1]
        elif event.key == "enter" and self._typed:
            self._take_typed()
        else:
            return
        event.stop()
        event.prevent_default()
        self.refresh()

    def on_blur(self) -> None:
        """Leaving takes what was typed."""
        self._take_typed()

    def on_click(self, event: events.Click) -> None:
        """The left half of a value turns it down, the right half up; the name only chooses it."""
        number, inside = self._dial_at(event.x, event.y)
        if number is not None:
            self._take_typed()
            self.index = number
            right, room = self._width - inside, self._room_of(number) + 2
            self._show()
            if right <= room:
                self.action_turn(-1 if right > room // 2 else 1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Turn up the dial under the mouse."""
        self._scrolled(event, 1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Turn down the dial under the mouse."""
        self._scrolled(event, -1)

    def render(self) -> Content:
        """The dials in lines."""
        cells = [self._cell(number) for number in range(len(self.dials))]
        lines = [Content(" " * self._gap).join(cells[row :: self._rows]) for row in range(self._rows)]
        return Content("\n").join(lines)

    @property
    def _columns(self) -> int:
        wanted = -(-len(self.dials) // max(self.size.height, 1))
        return max(min(wanted, self.size.width // NARROWEST), 1)

    @property
    def _rows(self) -> int:
        return -(-len(self.dials) // self._columns)

    @property
    def _gap(self) -> int:
        """Blanks between two columns: as many as are to spare, so that a value stands nearer to its own name."""
        spare = self.size.width // self._columns - max(len(dial.label) for dial in self.dials) - self.room - 3
        return min(max(spare, 1), 4) if self._columns > 1 else 0

    @property
    def _width(self) -> int:
        return self.size.width // self._columns - self._gap

    def _cell(self, number: int) -> Content:
        dial = self.dials[number]
        value = self.values[dial.name]
        here = number == self.index and self.has_focus
        room = self._room_of(number)
        name = column(dial.label, self._width - room - 2, "bold" if here else "$muted")
        left, right = ("‹", "›") if here else (" ", " ")
        style = "bold $accent" if here else ("" if value != dial.default else "$muted")
        return (
            name.append(Content.styled(left, "$accent"))
            .append(column(self._text_of(number), room, style, right=True))
            .append(Content.styled(right, "$accent"))
        )

    def _text_of(self, number: int) -> str:
        """What a dial stands at, or what is being typed."""
        dial = self.dials[number]
        typing = self._typed and number == self.index and self.has_focus
        return f"{self._typed}_" if typing else dial.show(self.values[dial.name])

    def _room_of(self, number: int) -> int:
        """Columns of a value: its label has those that the value leaves, as far as it wants them."""
        wanted = self._width - 2 - len(self.dials[number].label)
        return min(max(wanted, len(self._text_of(number))), self.room)

    def _dial_at(self, x: int, y: int) -> tuple[int | None, int]:
        """The number of the dial there, and how far from its left end that is."""
        across, inside = divmod(x, max(self.size.width // self._columns, 1))
        number = min(across, self._columns - 1) * self._rows + y
        return (number if y < self._rows and number < len(self.dials) else None), inside

    def _scrolled(self, event: events.MouseEvent, by: int) -> None:
        number, _ = self._dial_at(event.x, event.y)
        if number is not None:
            event.stop()
            self.index = number
            self.action_turn(by)

    def _take_typed(self) -> None:
        typed, self._typed = self._typed, ""
        if typed:
            dial = self.dials[self.index]
            try:
                self._set(dial, dial.parse(typed))
            except ValueError:
                self.notify(f"{dial.label}: {typed} is no {'whole ' if dial.whole else ''}number", severity="warning")
        self.refresh()

    def _set(self, dial: Dial, value: Value) -> None:
        if value != self.values[dial.name]:
            self.values[dial.name] = value
            self.post_message(self.Turned(dial.name, value))
        self.refresh()

    def _show(self) -> None:
        self.tooltip = self.dials[self.index].tip
        self.refresh()
