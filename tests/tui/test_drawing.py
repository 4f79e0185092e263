"""What keys and streaming text cost on the line to the terminal, and that the little that is sent draws all."""

import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

import pytest

if sys.platform == "win32":
    pytest.skip("there are no pseudo-terminals", allow_module_level=True)

from tests.tui.pty_terminal import PtyTerminal, application

RUNS = Path(__file__).parents[1] / "data" / "run_v2"
WIDTH, HEIGHT = 120, 35
LEFT, RIGHT, UP, DOWN = "\x1b[D", "\x1b[C", "\x1b[A", "\x1b[B"
PAGE_UP, PAGE_DOWN, HOME, END, F1, F2 = "\x1b[5~", "\x1b[6~", "\x1b[H", "\x1b[F", "\x1bOP", "\x1bOQ"
REDRAW = "\x0c"
KEY, NEW_CHART, STREAM = 3_000, 8_000, 40_000
"""Most bytes of a key, of one after which another chart is drawn, and of a second of streaming text."""

NOTES = ["There is no", "Unknown to this"]
"""Beginnings of notes, which go by themselves."""

Open = Callable[..., PtyTerminal]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Open]:
    """Opens the application with copies of the frozen runs: `terminal("lm")`."""
    shutil.copytree(RUNS, tmp_path / "runs")
    opened: list[PtyTerminal] = []

    def open_it(*arguments: str, width: int = WIDTH, height: int = HEIGHT) -> PtyTerminal:
        found = PtyTerminal(application(*arguments), tmp_path, width, height, OMP_NUM_THREADS="1")
        opened.append(found)
        found.wait("● ready")
        found.quiet()
        return found

    yield open_it
    for each in opened:
        each.close()


def check_drawing(terminal: PtyTerminal) -> None:
    """The screen is the same after it was drawn as a whole."""
    terminal.press(F1)  # after all keys before
    terminal.wait("esc closes")
    terminal.press("\x1b")
    terminal.quiet()
    terminal.wait(lambda seen: not any(text in seen for text in [*NOTES, "esc closes"]))
    terminal.quiet()
    before = terminal.picture()
    terminal.cost(REDRAW, least=terminal.screen.width * terminal.screen.height)  # until all cells have come
    end = time.monotonic() + 10
    while (now := terminal.picture()) != before:  # a cursor that blinks comes back
        wrong = [(y, x, *cells) for y, rows in enumerate(zip(before, now, strict=True)) for x, cells in both(*rows)]
        assert time.monotonic() < end, wrong[:10]
        time.sleep(0.02)


def both(row: Sequence[object], other: Sequence[object]) -> list[tuple[int, tuple[object, object]]]:
    return [(x, cells) for x, cells in enumerate(zip(row, other, strict=True)) if cells[0] != cells[1]]


def test_a_language_model(terminal: Open) -> None:
    screen = terminal("runs/lm")
    screen.press("The \r")
    screen.wait("length reached")
    screen.quiet()
    for name, keys in {"left": LEFT, "up": UP, "down": DOWN, "right": RIGHT, "home": HOME, "end": END}.items():
        assert screen.cost(keys) < KEY, name
    check_drawing(screen)
    screen.press("d")
    for keys in (RIGHT, DOWN, LEFT):
        assert screen.cost(keys) < KEY
    screen.press(DOWN * 5 + RIGHT * 8)
    screen.wait("endless")
    screen.press("n")
    screen.wait("characters/s")
    time.sleep(0.5)
    begun, before = time.monotonic(), screen.received
    time.sleep(1.5)
    assert 1_000 < (screen.received - before) / (time.monotonic() - begun) < STREAM
    screen.press("\x1b")
    screen.wait("stopped")
    check_drawing(screen)


@pytest.mark.parametrize("rounds", [1, pytest.param(20, marks=pytest.mark.slow)])
def test_random_keys_leave_nothing_behind(terminal: Open, rounds: int) -> None:
    random = Random(rounds)
    screen = terminal("runs/lm", width=90, height=20)
    screen.press("One \nfine day \r")
    screen.wait("length reached")
    keys = [LEFT, RIGHT, UP, DOWN, PAGE_UP, PAGE_DOWN, HOME, END, "n", "d", "\t", "u", "p", "1", "3", " ", "\x14"]
    keys += ["U", "g", "t", "i", "[", "]", "o", "m", "\x1b[1;2C", "\x1b[1;2B"]
    for _ in range(rounds):
        for key in random.choices(keys, k=12):
            screen.press(key)
            time.sleep(random.choice([0, 0.02, 0.1]))
        screen.press("\t ")  # it may be writing
        check_drawing(screen)
    screen.resize_to(70, 24)
    screen.wait("? help")
    check_drawing(screen)
    screen.resize_to(120, 30)
    check_drawing(screen)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "sign", "text", "keys", "most"),
    [
        (["--runs", "runs"], "translator", "ta", [DOWN, DOWN, UP, "\t"], KEY),
        (["runs/tag"], "a sentence to tag", "the harbour was old .", ["\r", RIGHT, F2, LEFT, UP, "x"], KEY),
        (["runs/classify"], "a text to classify", "a good day", ["\r", RIGHT, F2, LEFT, UP, "x"], KEY),
        (["runs/translate"], "a sentence to translate", "my aunt", ["\r", DOWN, "\r", RIGHT, DOWN, "\x1b"], KEY),
        (["runs/forecast"], "interval", "", [DOWN, RIGHT, LEFT, "i", "l", UP], NEW_CHART),
    ],
)
def test_other_screens(terminal: Open, arguments: list[str], sign: str, text: str, keys: list[str], most: int) -> None:
    screen = terminal(*arguments)
    screen.wait(sign)
    screen.quiet()
    for letter in [*text, *keys]:
        assert screen.cost(letter) < most, repr(letter)
    check_drawing(screen)
