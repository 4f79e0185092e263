"""Cells in lines, and the brackets below them."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from seqnlp.tui.flow_layout import bracket, cut, flow, lines_of, nearest_in_line

WIDTHS = st.lists(st.integers(1, 30), max_size=40)


@given(WIDTHS, st.integers(1, 60))
def test_cells_neither_overlap_nor_leave_the_room(widths: list[int], room: int) -> None:
    places = flow(widths, room)
    assert len(places) == len(widths)
    for place in places:
        assert 0 <= place.start <= place.start + place.width <= room
    for before, after in pairwise(places):
        if before.line == after.line:
            assert after.start == before.start + before.width + 2
        else:
            assert (after.line, after.start) == (before.line + 1, 0)
            assert before.start + before.width + 2 + after.width > room  # there was no room
    assert [number for line in lines_of(places) for number in line] == list(range(len(widths)))


@given(WIDTHS.filter(bool), st.integers(1, 60), st.data())
def test_the_cell_beside_is_in_the_next_line_or_the_same(widths: list[int], room: int, data: st.DataObject) -> None:
    places = flow(widths, room)
    number = data.draw(st.integers(0, len(widths) - 1))
    for by in (-1, 1):
        other = nearest_in_line(places, number, by)
        assert other == number or places[other].line == places[number].line + by


@given(st.text("abcXYZ漢", min_size=1, max_size=12), st.integers(1, 40), st.booleans(), st.booleans())
def test_brackets_are_as_wide_as_their_words(label: str, width: int, opens: bool, closes: bool) -> None:
    line = bracket(label, width, opens, closes)
    assert cell_len(line) == width
    if width >= cell_len(label) + 2:
        assert label in line
    if width > 1:
        assert (line[0] == "╰", line[-1] == "╯") == (opens, closes)


@given(st.text("ab漢", max_size=12), st.integers(0, 12))
def test_what_is_cut_fits(text: str, width: int) -> None:
    found = cut(text, width)
    assert cell_len(found) <= width
    assert found == text or found == "" or found.endswith("…")
