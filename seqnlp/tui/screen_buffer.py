"""Cells of the terminal: of each update only those that change are sent, as curses does it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from time import monotonic
from typing import Any, final
from unicodedata import category, east_asian_width
from weakref import WeakKeyDictionary

from rich.cells import cell_len
from textual.app import App

BYTES_PER_SECOND = 30_000
"""Output of animations, on average: what a slow connection takes without lagging behind the keys."""

SEGMENT = re.compile(r"(?:\x1b\[(\d+);(\d+)H)?(?:\x1b\[([\d;]*)m)?([^\x00-\x1f\x7f-\x9f]*)(?:\x1b\[0m)?")
"""A text: where it is if it does not go on from the one before, its style, and the end of that."""

LAST_MOVE = re.compile(r"\x1b\[(\d+);(\d+)H\Z")
"""Position of the cursor, at the end of an update."""

ENTERS_SCREEN = "\x1b[?1049"
"""Beginning of the sequences that enter and leave the alternate screen; all cells are unknown after them."""

SHOWN_ON_BLANKS = frozenset(["4", "7", "9", "21", "51", "52", "53"])
"""Attributes that are seen on a blank: lines, frames and reverse."""

OFF = {"1": "22", "2": "22", "3": "23", "4": "24", "5": "25", "7": "27", "8": "28", "9": "29"}
"""Parameters that end an attribute."""

SHORT_GAP = 4
"""Unchanged cells that are written again rather than jumped over."""

MAX_LINES = 8
"""Sequences of a row that are known to change nothing."""

Attributes = tuple[frozenset[str], str, str]
"""Attributes, foreground and background."""

PLAIN: Attributes = (frozenset(), "", "")


@final
class ScreenBuffer:
    """Cells that the terminal shows; turns an update of the screen into one of the cells that differ.

    A row with signs whose width terminals disagree about (emoji, combining ones) is passed on as it comes.
    """

    def __init__(self) -> None:
        self._rows: dict[int, Row] = {}
        self._cursor: tuple[int, int] | None = None
        self._debt, self._then = 0.0, monotonic()

    @property
    def is_line_free(self) -> bool:
        """True if an animation may send its next frame.

        False while the output of late is above `BYTES_PER_SECOND`.
        """
        now = monotonic()
        self._debt, self._then = max(self._debt - BYTES_PER_SECOND * (now - self._then), 0.0), now
        return not self._debt

    def forget(self) -> None:
        """Forget what is shown: the next update of each cell is sent."""
        self._rows.clear()
        self._cursor = None

    def update(self, data: str) -> str:
        """Escape sequences to write instead of `data`.

        They are `data` itself if that does anything but draw text.
        """
        if ENTERS_SCREEN in data:
            self.forget()
        changes = self._changes(data) if data.startswith("\x1b[") else None
        if changes is None:
            changes = data
        free, size = self.is_line_free, len(changes.encode())
        self._debt = size if free else self._debt + size
        return changes

    def _changes(self, data: str) -> str | None:
        """The changes of an update; None if it is something else."""
        end = LAST_MOVE.search(data)
        if end is None:
            return None
        pen = Pen()
        for line in data[: end.start()].split("\n"):
            if line and not self._change_line(line, pen):
                self.forget()
                return None
        at = int(end[2]) - 1, int(end[1]) - 1
        if not pen.written and at == self._cursor:
            return ""
        pen.take("")
        pen.jump(*at)
        self._cursor = at
        return "".join(pen.written)

    def _change_line(self, line: str, pen: Pen) -> bool:
        """Write the changes of texts in one row; False if `line` is something else."""
        first = SEGMENT.match(line)
        if first is None or not first[1]:
            return False
        y, x = int(first[1]) - 1, 0
        row = self._rows.setdefault(y, Row())
        if line in row.lines:
            return True
        end, texts = 0, list[tuple[int, str, str, bool]]()
        for segment in SEGMENT.finditer(line):
            place_y, place_x, style, text = segment.groups()
            if segment.start() != end or (place_y and int(place_y) - 1 != y):
                return False
            end = segment.end()
            if place_x:
                x = int(place_x) - 1
            if text:
                texts.append((x, text, style or "", bool(place_x)))
                x += cell_len(text)
        if end != len(line):
            return False
        row.change(line, texts, pen, y)
        return True


_BUFFERS: WeakKeyDictionary[App[Any], ScreenBuffer] = WeakKeyDictionary()


def buffer_of(app: App[Any]) -> ScreenBuffer:
    """The buffer of an application's terminal; headless it stays empty."""
    return _BUFFERS.setdefault(app, ScreenBuffer())


@final
class Row:
    """Signs and styles of a row's cells; an empty sign after a wide one, and None where nothing is known."""

    def __init__(self) -> None:
        self.lines = set[str]()
        """Sequences that would change nothing."""
        self._signs: list[str | None] = []
        self._styles: list[str] = []

    def change(self, line: str, texts: Sequence[tuple[int, str, str, bool]], pen: Pen, y: int) -> None:
        """Write the cells that change.

        Args:
            line: The sequences that draw the texts.
            texts: Their first cells, characters and styles, and a flag for each that does not follow the one before.
            pen: Writes.
            y: Number of the row.
        """
        signs, styles = self._signs[:], self._styles[:]
        for x, text, style, _ in texts:
            if not (cells := signs_of(text)):
                self._pass_on(texts, pen, y)
                return
            self._put(x, cells, styles_of(text, style))
        missing = len(self._signs) - len(signs)
        cells_then_and_now = zip(
            self._signs, signs + [None] * missing, self._styles, styles + [""] * missing, strict=True
        )
        changed = [x for x, (new, old, style, before) in enumerate(cells_then_and_now) if new != old or style != before]
        if changed or len(self.lines) > MAX_LINES:
            self.lines.clear()
        self._write(changed, pen, y)
        self.lines.add(line)

    def _put(self, x: int, signs: list[str], styles: list[str]) -> None:
        """Fill cells; half a wide sign that is left over is unknown."""
        end = x + len(signs)
        if (missing := end - len(self._signs)) > 0:
            self._signs += [None] * missing
            self._styles += [""] * missing
        if self._signs[x] == "":
            self._signs[x - 1] = None
        if end < len(self._signs) and self._signs[end] == "":
            self._signs[end] = None
        self._signs[x:end], self._styles[x:end] = signs, styles

    def _write(self, changed: Sequence[int], pen: Pen, y: int) -> None:
        last = -SHORT_GAP - 1
        for x in changed:
            if not (sign := self._signs[x]):
                continue
            if x != last or pen.y != y:
                between = self._signs[last:x] if x - last <= SHORT_GAP else []
                if between and all(between):
                    for number in range(last, x):
                        pen.put(self._signs[number] or "", self._styles[number])
                else:
                    pen.move(x, y)
            pen.put(sign, self._styles[x])
            last = pen.x

    def _pass_on(self, texts: Sequence[tuple[int, str, str, bool]], pen: Pen, y: int) -> None:
        for x, text, style, jumps in texts:
            if jumps:
                pen.jump(x, y)
            pen.take(style)
            pen.written.append(text)
        pen.x = -1
        self._signs, self._styles = [], []
        self.lines.clear()


@final
class Pen:
    """Writer of escape sequences, with its position and style."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self.x = self.y = -1
        self._style = self._blank = ""
        self._attributes = PLAIN

    def jump(self, x: int, y: int) -> None:
        """Move to a cell by its absolute position."""
        self.written.append(f"\x1b[{y + 1};{x + 1}H")
        self.x, self.y = x, y

    def move(self, x: int, y: int) -> None:
        """Move to a cell; rightwards in the row by a shorter, relative sequence."""
        if y != self.y or x < self.x or self.x < 0:
            self.jump(x, y)
        elif x > self.x:
            self.written.append(f"\x1b[{x - self.x}C")
            self.x = x

    def take(self, style: str) -> None:
        """Set the style."""
        if style != self._style:
            self._take(attributes(style))
            self._style, self._blank = style, blank_style(style)

    def put(self, sign: str, style: str) -> None:
        """Write a sign of one cell or two."""
        if style != self._style and (sign != " " or style != self._blank):
            flags, fore, _ = self._attributes
            wanted = attributes(style)
            if sign == " " and not (wanted[0] or flags & SHOWN_ON_BLANKS):
                self._take((flags, fore, wanted[2]))  # of a blank only the background is seen
                self._style, self._blank = "?", style
            else:
                self.take(style)
        self.written.append(sign)
        self.x += 1 if sign.isascii() else cell_len(sign)

    def _take(self, wanted: Attributes) -> None:
        if wanted != self._attributes:
            self.written.append(transition(self._attributes, wanted))
            self._attributes = wanted


@lru_cache(4096)
def signs_of(text: str) -> list[str]:
    """The cells of a text, an empty one after a wide sign; none if terminals disagree about its width."""
    if text.isascii():
        return list(text)
    signs: list[str] = []
    for sign in text:
        kind, width, is_wide = category(sign), cell_len(sign), east_asian_width(sign) in "WF"
        if kind[0] in "MC" or width != 1 + is_wide or (is_wide and kind[0] not in "LPN"):
            return []
        signs += [sign, ""] if is_wide else [sign]
    return signs


def styles_of(text: str, style: str) -> list[str]:
    """Style of each cell of a text; blanks have none of the foreground."""
    signs = signs_of(text)
    if " " not in text or (blank := blank_style(style)) == style:
        return [style] * len(signs)
    return [blank if sign == " " else style for sign in signs]


@lru_cache(4096)
def attributes(style: str) -> Attributes:
    """Attributes and colours of SGR parameters."""
    flags, fore, back = set[str](), "", ""
    parts = style.split(";") if style else []
    while parts:
        part = parts.pop(0)
        if part in ("38", "48"):
            count = 4 if parts[:1] == ["2"] else 2
            colour, parts = ";".join([part, *parts[:count]]), parts[count:]
            fore, back = (colour, back) if part == "38" else (fore, colour)
        elif len(part) == 2 and part[0] in "39" and part != "39":
            fore = part
        elif (len(part) == 2 and part[0] == "4" and part != "49") or len(part) == 3:
            back = part
        elif part not in ("0", "39", "49"):
            flags.add(part)
    return frozenset(flags), fore, back


@lru_cache(4096)
def blank_style(style: str) -> str:
    """Style of a blank: without the foreground, which is not seen."""
    flags, _, back = attributes(style)
    return style if flags & SHOWN_ON_BLANKS else back


@lru_cache(4096)
def transition(old: Attributes, new: Attributes) -> str:
    """The shortest sequence from one style to another."""
    whole = ["0", *sorted(new[0]), *filter(None, new[1:])]
    ended = old[0] - new[0]
    if not ended <= OFF.keys():
        return f"\x1b[{';'.join(whole)}m"
    ends = {OFF[flag] for flag in ended}
    begun = {flag for flag in new[0] if flag not in old[0] or OFF.get(flag) in ends}  # bold and dim end together
    parts = [*sorted(ends), *sorted(begun)]
    parts += [new[1] or "39"] if new[1] != old[1] else []
    parts += [new[2] or "49"] if new[2] != old[2] else []
    return f"\x1b[{min(';'.join(parts), ';'.join(whole), key=len)}m"
