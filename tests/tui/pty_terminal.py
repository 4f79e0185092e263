"""A terminal of its own for the real program: counts the bytes that come, and knows what they draw."""

import codecs
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import threading
import time
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import SimpleQueue

from rich.cells import cell_len

ROOT = Path(__file__).parents[2]
PATIENCE = 90.0
"""Seconds to wait for something on the screen, at most."""

BLINK = 100
"""Bytes of a cursor that blinks, at most: with it comes no news."""

SEQUENCE = re.compile(
    r"\x1b\[(?P<params>[0-9;:?<>=]*)(?P<between>[$ ]?)(?P<kind>[@-~])"
    r"|\x1b\](?P<osc>.*?)(?:\x07|\x1b\\)"
    r"|(?P<control>[\x00-\x1a\x1c-\x1f])"
    r"|(?P<text>[^\x00-\x1f]+)",
    re.DOTALL,
)
SILENT = "hlucqntp"
"""Final bytes of sequences that draw nothing: modes, queries, keyboard protocols."""

Style = tuple[frozenset[str], str, str]
"""Attributes, foreground, background."""
Cell = tuple[str, Style]

PLAIN: Style = (frozenset(), "", "")
SEEN_ON_BLANKS = frozenset(["4", "7", "9", "21", "51", "52", "53"])
"""Underline, reverse and strike-through: with one of them a blank has a foreground."""
ENDS = {"22": "12", "23": "3", "24": "4", "25": "5", "27": "7", "28": "8", "29": "9"}
"""Attributes that a parameter ends."""


class Screen:
    """Cells of a terminal; an escape sequence that it does not know is an error."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.cells: list[list[Cell]] = []
        self._clear()
        self._x = self._y = 0
        self._style = PLAIN
        self._rest = ""

    def feed(self, data: str) -> None:
        data, self._rest = self._rest + data, ""
        position = 0
        while position < len(data):
            found = SEQUENCE.match(data, position)
            if found is None:
                assert data[position] == "\x1b", repr(data[position : position + 40])
                assert len(data) - position < 100, repr(data[position : position + 40])
                self._rest = data[position:]
                return
            position = found.end()
            if (text := found["text"]) is not None:
                self._write(text)
            elif found["kind"] is not None:
                self._sequence(found["params"], found["kind"])
            elif found["control"] == "\n":
                self._y = min(self._y + 1, self.height - 1)
            elif found["control"] == "\r":
                self._x = 0

    @property
    def cursor(self) -> tuple[int, int]:
        return self._x, self._y

    def lines(self) -> list[str]:
        return ["".join(char for char, _ in row) for row in self.cells]

    def picture(self) -> list[list[Cell]]:
        """The cells, without styles that cannot be seen."""
        return [[_seen(cell) for cell in row] for row in self.cells]

    def _clear(self) -> None:
        self.cells = [[(" ", PLAIN)] * self.width for _ in range(self.height)]

    def _sequence(self, params: str, kind: str) -> None:
        if params == "?1049" and kind == "h":
            self._clear()
        elif kind == "H":
            y, x = (int(part or 1) for part in (params or ";").split(";"))
            self._x, self._y = min(x, self.width) - 1, min(y, self.height) - 1
        elif kind == "G":
            self._x = int(params or 1) - 1
        elif kind == "C":
            self._x += int(params or 1)
        elif kind == "m" and not params.startswith((">", "?")):
            self._set(params)
        else:
            assert kind in SILENT, (params, kind)

    def _set(self, params: str) -> None:
        flags, fore, back = set(self._style[0]), self._style[1], self._style[2]
        parts = params.split(";") if params else ["0"]
        while parts:
            part = parts.pop(0)
            if part in ("38", "48"):
                count = 4 if parts[0] == "2" else 2
                colour, parts = ";".join(parts[:count]), parts[count:]
                fore, back = (colour, back) if part == "38" else (fore, colour)
            elif part in ("0", ""):
                flags, fore, back = set(), "", ""
            elif part in ENDS:
                flags -= set(ENDS[part])
            elif part == "39":
                fore = ""
            elif part == "49":
                back = ""
            elif len(part) == 1 or part in SEEN_ON_BLANKS:
                flags.add(part)
            elif part[:-1] in ("3", "9"):
                fore = part
            else:
                assert part[:-1] in ("4", "10"), params
                back = part
        self._style = (frozenset(flags), fore, back)

    def _write(self, text: str) -> None:
        for char in text:
            width = cell_len(char)
            if width == 0 or unicodedata.combining(char):
                before, style = self.cells[self._y][self._x - 1]
                self.cells[self._y][self._x - 1] = (before + char, style)
                continue
            row = self.cells[self._y]
            for x in range(self._x, self._x + width):  # half a wide sign goes with its other half
                if x < self.width:
                    if row[x][0] == "":
                        row[x - 1] = (" ", row[x - 1][1])
                    if x + 1 < self.width and row[x + 1][0] == "":
                        row[x + 1] = (" ", row[x + 1][1])
            if self._x + width > self.width:
                continue
            row[self._x] = (char, self._style)
            if width == 2:
                row[self._x + 1] = ("", self._style)
            self._x += width


def _seen(cell: Cell) -> Cell:
    char, (flags, _, back) = cell
    if char.strip() or flags & SEEN_ON_BLANKS:
        return cell
    return char, (frozenset(), "", back)


class PtyTerminal:
    """A program in a pseudo-terminal, as a person has it."""

    def __init__(self, command: Sequence[str], folder: Path, width: int, height: int, **env: str) -> None:
        self.received = 0
        """Bytes that have come."""
        self.arrived = 0.0
        """Moment, by `time.perf_counter`, at which the last of what is drawn came."""
        self.screen = Screen(width, height)
        self.raw: list[bytes] = []
        self._lock, self._news = threading.Lock(), threading.Event()
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._heard = time.monotonic()
        self._own, other = pty.openpty()
        self.resize_to(width, height, told=False)
        given = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
        given |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": str(ROOT), **env}
        self.process = subprocess.Popen(
            list(command), stdin=other, stdout=other, stderr=other, cwd=folder, env=given, start_new_session=True
        )
        os.close(other)
        self._came: SimpleQueue[tuple[float, bytes]] = SimpleQueue()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._read, self._draw)]
        for thread in self._threads:
            thread.start()

    def resize_to(self, width: int, height: int, told: bool = True) -> None:
        fcntl.ioctl(self._own, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        if told:
            with self._lock:
                self.screen = Screen(width, height)
            os.kill(self.process.pid, 28)  # SIGWINCH

    def press(self, keys: str) -> None:
        os.write(self._own, keys.encode())

    def seen(self) -> str:
        with self._lock:
            return "\n".join(self.screen.lines())

    def picture(self) -> list[list[Cell]]:
        with self._lock:
            return self.screen.picture()

    def wait(self, text: str | Callable[[str], bool]) -> str:
        is_there = (lambda seen: text in seen) if isinstance(text, str) else text
        end = time.monotonic() + PATIENCE
        while True:
            self._news.clear()
            if is_there(seen := self.seen()):
                return seen
            assert time.monotonic() < end, f"not seen in {PATIENCE} s: {text}\n{seen}"
            self._news.wait(0.1)

    def quiet(self, seconds: float = 0.3) -> None:
        """Wait until nothing more has come for a while."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() - self._heard < seconds:
            assert time.monotonic() < end, "it never is quiet"
            time.sleep(0.02)

    def cost(self, keys: str, least: int = 1) -> int:
        """Bytes that keys bring: at least so many, until all is quiet again."""
        before = self.received
        self.press(keys)
        end = time.monotonic() + PATIENCE
        while self.received - before < least:
            assert time.monotonic() < end, f"less than {least} bytes in {PATIENCE} s"
            time.sleep(0.01)
        self._heard = time.monotonic()
        self.quiet()
        return self.received - before

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for thread in self._threads:
            thread.join(5)
        os.close(self._own)

    def _read(self) -> None:
        """Take what comes, at once: a terminal that draws slowly would hold the program up."""
        while True:
            try:
                ready, _, _ = select.select([self._own], [], [], 1)
                data = os.read(self._own, 65536) if ready else b""
                if not ready:
                    continue
            except OSError:  # nobody has the other end any more
                data = b""
            self._came.put((time.perf_counter(), data))
            if not data:
                return
            if b"\x1b[?2026$p" in data:
                os.write(self._own, b"\x1b[?2026;2$y")

    def _draw(self) -> None:
        while True:
            moment, data = self._came.get()
            if not data:
                return
            with self._lock:
                self.arrived = moment
                self.raw.append(data)
                self.received += len(data)
                if len(data) > BLINK:
                    self._heard = time.monotonic()
                self.screen.feed(self._decoder.decode(data))
            self._news.set()


def application(*arguments: str) -> list[str]:
    """Command of the terminal application."""
    return [sys.executable, "-m", "seqnlp", "tui", *arguments]


def text_drawn(data: bytes, width: int = 200, height: int = 80) -> str:
    """Text on a terminal that is large enough, after all this was sent to it."""
    screen = Screen(width, height)
    screen.feed(data.decode("utf-8", "ignore"))
    return "\n".join(line.rstrip() for line in screen.lines())
