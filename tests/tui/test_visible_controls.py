"""Control characters in lines of the screen."""

import pytest
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from seqnlp.tui.visible_controls import CONTROLS, VisibleControls

BLACK = Color(0, 0, 0)


def drawn(*texts: str) -> str:
    segments = [Segment(text, Style(bold=bool(number))) for number, text in enumerate(texts)]
    found = VisibleControls().apply(segments, BLACK)
    assert [segment.style for segment in found] == [segment.style for segment in segments]
    shown = "".join(segment.text for segment in found)
    assert cell_len(shown) == cell_len("".join(texts))
    assert not CONTROLS.search(shown)
    return shown


@pytest.mark.parametrize(
    ("texts", "shown"),
    [
        (["plain", " text"], "plain text"),
        (["a\x1b[31mb", "     │"], "a␛[31mb    │"),
        (["a\x1b]0;", "b\x07    ", "│"], "a␛]0;b␇  │"),
        (["a\x1bb"], "ab"),
        (["a\x1bb │ c\x9b    "], "a␛b │ c�  "),
        (["\u202ea\u2066     x"], "�a�   x"),
        (["a\tb\nc\r     "], "a␉b␊c␍  "),
        (["\udcff", "\ud800"], "��"),
        (["日\x1b本    "], "日␛本   "),
        (["\x7f     "], "␡    "),
    ],
)
def test_a_symbol_takes_the_cell_of_a_blank(texts: list[str], shown: str) -> None:
    assert drawn(*texts) == shown


def test_lines_without_any_are_left_alone() -> None:
    segments = [Segment("né का 👩‍🔬   ")]
    assert VisibleControls().apply(segments, BLACK) is segments
