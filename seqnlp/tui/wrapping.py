"""Breaking a growing text into lines: only what is new is looked at."""

from __future__ import annotations

from array import array
from typing import final

from rich.cells import cell_len


@final
class Wrapping:
    """The places where the lines of a text begin, for a width in cells."""

    def __init__(self, width: int) -> None:
        self.width = max(width, 1)
        self.starts: array[int] = array("l", [0])

    def grow(self, text: str) -> None:
        """Go on from the last line: the text has more at its end than before."""
        while (following := next_line(text, self.starts[-1], self.width)) is not None:
            self.starts.append(following)

    def cut(self, length: int) -> None:
        """The text is only this long now."""
        while len(self.starts) > 1 and self.starts[-1] > length:
            self.starts.pop()
        if len(self.starts) > 1:  # a word that is shorter now may fit into the line above
            self.starts.pop()

    def line(self, number: int, text: str) -> tuple[int, int]:
        """Where a line begins and ends, its line break not included."""
        begin = self.starts[number]
        end = self.starts[number + 1] if number + 1 < len(self.starts) else len(text)
        return begin, end - 1 if end > begin and text[end - 1] == "\n" else end

    def __len__(self) -> int:
        return len(self.starts)


def next_line(text: str, start: int, width: int) -> int | None:
    """Where the line after the one at `start` begins; None if that is the last one."""
    window = text[start : start + width + 1]
    newline = window.find("\n")
    if not window.isascii():
        fitting = _fitting(window if newline < 0 else window[:newline], width)
        if newline > fitting:
            newline = -1
    else:
        fitting = width
    if newline >= 0:
        return start + newline + 1
    if len(window) <= fitting:
        return None
    blank = window.rfind(" ", 0, fitting + 1)
    return start + (blank + 1 if blank > 0 else max(fitting, 1))


def _fitting(window: str, width: int) -> int:
    """How many characters fit into a width; signs of some scripts take two cells."""
    cells = 0
    for count, character in enumerate(window):
        cells += cell_len(character)
        if cells > width:
            return count
    return len(window)
