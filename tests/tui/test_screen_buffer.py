"""What is sent instead of a whole update draws the same."""

from itertools import permutations
from random import Random

import pytest
from rich.cells import cell_len
from rich.style import Style
from textual.app import App

from seqnlp.tui import screen_buffer
from seqnlp.tui.screen_buffer import ScreenBuffer, attributes, buffer_of, transition
from tests.tui.pty_terminal import Screen

WIDTH, HEIGHT = 30, 6
STYLES = [
    Style(),
    Style.parse("#aab2bf on #12151a"),
    Style.parse("bold #e3b778 on #12151a"),
    Style.parse("dim #e3b778 on #12151a"),
    Style.parse("bold dim red on bright_blue"),
    Style.parse("underline bright_red"),
    Style.parse("reverse italic color(200) on color(17)"),
    Style.parse("strike on #20262e"),
    Style.parse("underline2 overline"),
]
SIGNS = ["a", "b", " ", " ", "   ", "─", "│", "⡇", "█", "é", "漢", "字", "한"]
DISPUTED = ["👩‍🚀", "e\u0301", "☺\ufe0f", "🙂", "\u00ad", "न\u093f"]


def update_of(random: Random, disputed: bool) -> str:
    """Parts of some rows, as Textual sends them: the whole row, or spans of it."""
    written = []
    for y in sorted(random.sample(range(HEIGHT), random.randint(1, HEIGHT))):
        x, line = random.choice([0, 0, random.randrange(WIDTH - 4)]), ""
        line += f"\x1b[{y + 1};{x + 1}H"
        while x < WIDTH - 8:
            text = "".join(random.choice(SIGNS) for _ in range(random.randint(1, 3)))
            if disputed and random.random() < 0.1:
                text += random.choice(DISPUTED)
            line += random.choice(STYLES).render(text)
            x += cell_len(text)
            if random.random() < 0.1:
                break
            if random.random() < 0.1:
                x += random.randint(0, 3)
                line += f"\x1b[{y + 1};{x + 1}H"
        written.append(line)
    return "\n".join(written) + f"\x1b[{random.randint(1, HEIGHT)};{random.randint(1, WIDTH)}H"


@pytest.mark.parametrize("disputed", [False, True])
@pytest.mark.parametrize("seed", range(12))
def test_changes_draw_the_same_as_whole_updates(seed: int, disputed: bool) -> None:
    random, buffer = Random(seed), ScreenBuffer()
    whole, changed = Screen(WIDTH, HEIGHT), Screen(WIDTH, HEIGHT)
    for number in range(50):
        update = update_of(random, disputed)
        whole.feed(update)
        changed.feed(buffer.update(update))
        assert changed.picture() == whole.picture(), (number, update)
        assert changed.cursor == whole.cursor
        if random.random() < 0.2:  # the same once more changes nothing
            again = buffer.update(update)
            assert disputed or again == ""
            changed.feed(again)
            assert changed.picture() == whole.picture()


def test_only_the_cells_that_differ_are_sent() -> None:
    grey, blue = Style.parse("#aab2bf on #12151a"), Style.parse("#7fb0c8 on #12151a")
    buffer = ScreenBuffer()
    line = "the ferry came in late".ljust(80)
    first = buffer.update(f"\x1b[3;1H{grey.render(line)}\x1b[1;1H")
    assert line.rstrip() in first
    same = f"\x1b[3;1H{grey.render(line[:20])}{grey.render(line[20:])}\x1b[1;1H"
    assert buffer.update(same) == ""  # other segments, but the same cells
    changed = buffer.update(f"\x1b[3;1H{grey.render('the f')}{blue.render('u')}{grey.render(line[6:])}\x1b[1;1H")
    assert changed == "\x1b[3;6H\x1b[38;2;127;176;200;48;2;18;21;26mu\x1b[0m\x1b[1;1H"


def test_what_else_is_written_stays_as_it_is() -> None:
    buffer = ScreenBuffer()
    update = "\x1b[1;1Hab\x1b[1;1H"
    assert "ab" in buffer.update(update)
    for other in ("\x1b[?2026h", "\x1b]52;c;YWI=\a", "\x07", "\x1b[?1003h", "\x1b[>1u", "\x1b[?2026$p", ""):
        assert buffer.update(other) == other
        assert buffer.update(update) == ""
    drawn = "\x1b[1;1Ha\x1b]8;id=1;https://a.example\x1b\\b\x1b]8;;\x1b\\\x1b[1;1H"
    assert buffer.update(drawn) == drawn
    assert "ab" in buffer.update(update)  # nothing is known after that


def test_the_alternate_screen_and_forgetting_begin_anew() -> None:
    buffer = ScreenBuffer()
    update = "\x1b[1;1Hab\x1b[1;1H"
    assert "ab" in buffer.update(update)
    assert buffer.update("\x1b[?1049h") == "\x1b[?1049h"
    assert "ab" in buffer.update(update)
    buffer.forget()
    assert "ab" in buffer.update(update)


@pytest.mark.parametrize(("old", "new"), list(permutations(STYLES, 2)))
def test_transitions_end_in_the_new_style(old: Style, new: Style) -> None:
    first, second = (style.render("x").split("m")[0].removeprefix("\x1b[") for style in (old, new))
    first, second = ("" if text == "x" else text for text in (first, second))
    straight, indirect = Screen(2, 1), Screen(2, 1)
    straight.feed(f"\x1b[{second}mx")
    indirect.feed(f"\x1b[{first}m{transition(attributes(first), attributes(second))}x")
    assert straight.cells[0][0] == indirect.cells[0][0]


def test_animations_wait_until_what_was_sent_is_paid(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(screen_buffer, "monotonic", lambda: now)
    buffer = ScreenBuffer()
    assert buffer.is_line_free
    buffer.update("x" * (screen_buffer.BYTES_PER_SECOND // 2))
    assert not buffer.is_line_free
    now += 0.49
    assert not buffer.is_line_free
    now += 0.02
    assert buffer.is_line_free
    buffer.update("x" * 100)
    now += 1
    assert buffer.is_line_free


def test_each_application_has_its_own() -> None:
    one, other = App[None](), App[None]()
    assert buffer_of(one) is buffer_of(one)
    assert buffer_of(one) is not buffer_of(other)
