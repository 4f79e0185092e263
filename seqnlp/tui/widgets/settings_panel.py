"""Settings that keys, mouse and wheel change: one below the other, or in columns where the height is short."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from seqnlp.tui.configuration.key_names import named
from seqnlp.tui.widgets.lines import column

Value = float | int | str | None

ENDLESS = 10**9
"""Number of tokens that stands for a text without end."""

MIN_WIDTH = 17
"""Columns of the terminal that a column of settings needs."""


@dataclass(frozen=True)
class Setting:
    """One setting; `None` is the value at the low end of the ladder if it can be off."""

    name: str
    """Name of the library's argument."""
    label: str
    default: Value
    ladder: tuple[Value, ...]
    """Values that a step goes to, the lowest first; or words, of which there are no others."""
    off: str = ""
    """Label of None."""
    whole: bool = False
    """True if only whole numbers make sense."""
    tip: str = ""
    bounded: bool = False
    """True if a typed value is kept between the ends of the ladder."""
    is_line: bool = False
    """True if its value is a line of text, which enter opens."""

    @property
    def has_words(self) -> bool:
        """True if its values are words, which nobody types."""
        return isinstance(self.default, str)

    def step(self, value: Value, by: int) -> Value:
        """Next value of the ladder above or below."""
        if self.is_line:
            return value
        order = list(self.ladder) if value in self.ladder else sorted([*self.ladder, value], key=_rank)
        return order[min(max(order.index(value) + by, 0), len(order) - 1)]

    def parse(self, text: str) -> Value:
        """Parse a typed value.

        Raises:
            ValueError: it is none.
        """
        if self.off and text.strip() in ("", self.off):
            return None
        kind = int if self.whole else float
        number = kind(text)
        return kind(min(max(number, _rank(self.ladder[0])), _rank(self.ladder[-1]))) if self.bounded else number

    def format(self, value: Value) -> str:
        """A value in few characters."""
        if value is None:
            return self.off
        if isinstance(value, str):
            return value
        if value == ENDLESS:
            return "endless"
        return f"{value:,}" if self.whole else f"{value:.2f}"


def _rank(value: Value) -> float:
    return -1.0 if value is None else float(value)


def steps(first: float, last: float, step: float) -> tuple[Value, ...]:
    """Evenly spaced values of a ladder, both ends included."""
    return tuple(round(first + number * step, 4) for number in range(round((last - first) / step) + 1))


def defaults(settings: Sequence[Setting]) -> dict[str, Any]:
    """Default values by name."""
    return {setting.name: setting.default for setting in settings}


@final
class SettingsPanel(Widget, can_focus=True):
    """A list of settings; one of them is chosen, and arrows change it."""

    BINDINGS: ClassVar[list[BindingType]] = named(
        "settings",
        Binding("up", "choose(-1)", "setting above", show=False),
        Binding("down", "choose(1)", "setting below", show=False),
        Binding("left", "turn(-1)", "less", key_display="←"),
        Binding("right", "turn(1)", "more", key_display="→"),
        Binding("delete", "reset", "as at first"),
    )

    DEFAULT_CSS = """
    SettingsPanel { height: 8; width: 1fr; }
    """

    class Changed(Message):
        """A setting has another value."""

        def __init__(self, name: str, value: Value) -> None:
            super().__init__()
            self.name, self.value = name, value

    class Opened(Message):
        """A line of text is to be edited."""

        def __init__(self, setting: Setting) -> None:
            super().__init__()
            self.setting = setting

    def __init__(
        self, settings: Sequence[Setting], values: dict[str, Any], room: int = 10, id: str | None = None
    ) -> None:
        """Set up.

        Args:
            settings: From top to bottom.
            values: By name; the panel changes them.
            room: Columns of a value, at most.
            id: The name of the widget.
        """
        super().__init__(id=id)
        self.settings, self.values, self.room = settings, values, room
        self.index = 0
        self._typed = ""

    def action_choose(self, by: int) -> None:
        """Choose another setting."""
        self._take_typed()
        self.index = (self.index + by) % len(self.settings)
        self._show()

    def action_turn(self, by: int) -> None:
        """Take the next value, less or more."""
        self._typed = ""
        setting = self.settings[self.index]
        self._set(setting, setting.step(self.values[setting.name], by))

    def action_reset(self) -> None:
        """Restore the default."""
        self._typed = ""
        setting = self.settings[self.index]
        self._set(setting, setting.default)

    def on_key(self, event: events.Key) -> None:
        """Type a number: digits write it, enter takes it."""
        setting = self.settings[self.index]
        if setting.is_line:
            if event.key != "enter":
                return
            self.post_message(self.Opened(setting))
        elif event.character and event.character in "0123456789.":
            self._typed += "" if setting.has_words else event.character
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
        self._take_typed()

    def on_click(self, event: events.Click) -> None:
        """Choose a setting; the left half of its value turns it down, the right half up."""
        number, inside = self._setting_at(event.x, event.y)
        if number is not None:
            self._take_typed()
            self.index = number
            right, room = self._width - inside, self._room_of(number) + 2
            self._show()
            if self.settings[number].is_line:
                self.post_message(self.Opened(self.settings[number]))
            elif right <= room:
                self.action_turn(-1 if right > room // 2 else 1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._scrolled(event, 1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._scrolled(event, -1)

    def render(self) -> Content:
        cells = [self._cell(number) for number in range(len(self.settings))]
        lines = [Content(" " * self._gap).join(cells[row :: self._rows]) for row in range(self._rows)]
        return Content("\n").join(lines)

    @property
    def _columns(self) -> int:
        wanted = -(-len(self.settings) // max(self.size.height, 1))
        return max(min(wanted, self.size.width // MIN_WIDTH), 1)

    @property
    def _rows(self) -> int:
        return -(-len(self.settings) // self._columns)

    @property
    def _gap(self) -> int:
        """Blanks between two columns: as many as are to spare, so that a value stands nearer to its own name."""
        spare = self.size.width // self._columns - max(len(each.label) for each in self.settings) - self.room - 3
        return min(max(spare, 1), 4) if self._columns > 1 else 0

    @property
    def _width(self) -> int:
        return self.size.width // self._columns - self._gap

    def _cell(self, number: int) -> Content:
        setting = self.settings[number]
        value = self.values[setting.name]
        here = number == self.index and self.has_focus
        room = self._room_of(number)
        name = column(setting.label, self._width - room - 2, "bold" if here else "$muted")
        left, right = ("‹", "›") if here else (" ", " ")
        style = "bold $accent" if here else ("" if value != setting.default else "$muted")
        return (
            name.append(Content.styled(left, "$accent"))
            .append(column(self._text_of(number), room, style, right=True))
            .append(Content.styled(right, "$accent"))
        )

    def _text_of(self, number: int) -> str:
        """The value, or the text that is being typed."""
        setting = self.settings[number]
        typing = self._typed and number == self.index and self.has_focus
        return f"{self._typed}_" if typing else setting.format(self.values[setting.name])

    def _room_of(self, number: int) -> int:
        """Columns of a value: its label has those that the value leaves, as far as it wants them."""
        wanted = self._width - 2 - len(self.settings[number].label)
        return min(max(wanted, len(self._text_of(number))), self.room)

    def _setting_at(self, x: int, y: int) -> tuple[int | None, int]:
        """Number of the setting there, and the distance from its left end."""
        across, inside = divmod(x, max(self.size.width // self._columns, 1))
        number = min(across, self._columns - 1) * self._rows + y
        return (number if y < self._rows and number < len(self.settings) else None), inside

    def _scrolled(self, event: events.MouseEvent, by: int) -> None:
        number, _ = self._setting_at(event.x, event.y)
        if number is not None:
            event.stop()
            self.index = number
            self.action_turn(by)

    def _take_typed(self) -> None:
        typed, self._typed = self._typed, ""
        if typed:
            setting = self.settings[self.index]
            try:
                self._set(setting, setting.parse(typed))
            except ValueError:
                kind = "whole number" if setting.whole else "number"
                self.notify(f"{setting.label}: {typed} is no {kind}", severity="warning")
        self.refresh()

    def _set(self, setting: Setting, value: Value) -> None:
        if value != self.values[setting.name]:
            self.values[setting.name] = value
            self.post_message(self.Changed(setting.name, value))
        self.refresh()

    def _show(self) -> None:
        self.tooltip = self.settings[self.index].tip
        self.refresh()
