"""Lines as SVG pictures."""

import math
from itertools import pairwise
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.plots.axes import Points
from seqnlp.plots.svg_charts import COLOURS, WIDTH, line_chart_svg

SVG = "{http://www.w3.org/2000/svg}"
LEGEND = 28
"""Pixels that a legend of one row takes."""

numbers = st.floats(allow_nan=True, allow_infinity=True, width=32) | st.none()
names = st.text(max_size=200)
lines_of_any_kind = st.dictionaries(names, st.lists(st.tuples(st.floats(-1e6, 1e6), numbers), max_size=12), max_size=20)


def drawn(*charts: dict[str, Points]) -> Element:
    return ElementTree.fromstring(
        line_chart_svg("t", {f"panel {number}": lines for number, lines in enumerate(charts)})
    )


def strokes(root: Element, name: str) -> list[str]:
    """The paths and dots of a line, after the stroke in the legend."""
    groups = [group for group in root.iter(f"{SVG}g") if group.findtext(f"{SVG}title") == name]
    assert groups[0].find(f"{SVG}text") is not None
    shapes = [shape for group in groups[1:] for shape in group if shape.tag != f"{SVG}title"]
    return [shape.get("d") or f"{shape.get('cx')} {shape.get('cy')}" for shape in shapes]


def words(root: Element) -> list[str]:
    return [text.text or "" for text in root.iter(f"{SVG}text")]


def keys(root: Element) -> list[tuple[str | None, str | None]]:
    """Colour and dashes of the legend's strokes."""
    groups = [group for group in root.iter(f"{SVG}g") if group.find(f"{SVG}text") is not None]
    return [
        (each.get("stroke"), group.get("stroke-dasharray")) for group in groups for each in group.iter(f"{SVG}path")
    ]


def test_points_lie_where_the_numbers_say() -> None:
    root = drawn({"a": [(0, 0.0), (1, 1.0), (4, 4.0)]}, {"a": [(10, -2.0), (12, 2.0)]})
    # 4 steps on 720 pixels from 64 on, 4 units on 252 pixels above 288; the next panel begins 320 further down
    low = LEGEND + 288
    assert strokes(root, "a") == [
        f"M64.0 {low}.0L244.0 {low - 63}.0L784.0 {low - 252}.0",
        f"M64.0 {low + 320}.0L784.0 {low + 320 - 252}.0",
    ]
    assert root.get("height") == str(LEGEND + 2 * 320)
    ticks = {text.text: (text.get("x"), text.get("y")) for text in root.iter(f"{SVG}text")}
    assert ticks["-2.0"] == ("58.0", f"{low + 320 + 4}.0")
    assert ticks["10.0"] == ("64.0", f"{low + 320 + 18}.0")
    assert {"panel 0", "panel 1", "a"} <= set(ticks)


@pytest.mark.parametrize("gap", [None, math.nan, math.inf, -1e200])
def test_gaps_break_a_line_and_a_lone_point_is_a_dot(gap: float | None) -> None:
    root = drawn({"a": [(0, 0.0), (1, 4.0), (2, gap), (3, 2.0), (4, gap)], "b": [(4, 0.0)]})
    low = LEGEND + 288
    assert strokes(root, "a") == [f"M64.0 {low}.0L244.0 {low - 252}.0", f"604.0 {low - 126}.0"]
    assert strokes(root, "b") == [f"784.0 {low}.0"]


def test_one_point_and_equal_values_stand_in_the_middle() -> None:
    middle = LEGEND + 288 - 126
    assert strokes(drawn({"a": [(3, 7.0)]}), "a") == [f"424.0 {middle}.0"]
    assert strokes(drawn({"a": [(0, 0.0), (1, 0.0)]}), "a") == [f"M64.0 {middle}.0L784.0 {middle}.0"]


def test_empty_lines_draw_nothing() -> None:
    root = drawn({"a": [], "b": [(1, None)]})
    assert words(root) == ["a", "b", "panel 0", "nothing to draw yet"]
    assert ElementTree.fromstring(line_chart_svg("t", {})).get("height") == "8"


def test_every_line_looks_different() -> None:
    root = drawn({f"run {number}": [(0, number), (1, number)] for number in range(3 * len(COLOURS))})
    assert len(set(keys(root))) == len(keys(root)) == 3 * len(COLOURS)
    assert [dash for _, dash in keys(root)[: len(COLOURS)]] == ["none"] * len(COLOURS)
    for group in root.iter(f"{SVG}g"):  # a line looks like its stroke in the legend
        number = int((group.findtext(f"{SVG}title") or "").split()[1])
        (stroke,) = (path.get("stroke") for path in group.iter(f"{SVG}path"))
        assert (stroke, group.get("stroke-dasharray")) == keys(root)[number]


def test_a_name_has_one_colour_in_all_panels() -> None:
    root = drawn({"a": [(0, 1.0), (1, 1.0)]}, {"b": [(0, 1.0), (1, 1.0)], "a": [(0, 2.0), (1, 2.0)]})
    found = [(each.findtext(f"{SVG}title"), path.get("stroke")) for each in root.iter(f"{SVG}g") for path in each]
    assert {pair for pair in found if pair[1]} == {("a", COLOURS[0]), ("b", COLOURS[1])}


def test_legend_keeps_odd_names() -> None:
    root = drawn({"a<b&\"c'>": [(0, 1.0)]})
    assert words(root)[0] == root.findtext(f"{SVG}g/{SVG}title") == "a<b&\"c'>"


def test_short_names_share_a_row_and_long_ones_are_broken() -> None:
    row = [text.get("y") for text in drawn({"gru": [], "lstm": [], "rnn": []}).iter(f"{SVG}text")][:3]
    assert len(set(row)) == 1
    name = "".join(map(str, range(100, 150)))
    root = drawn({name: [(0, 1.0)], "b": [(0, 1.0)]})
    legend = [text for group in root.iter(f"{SVG}g") for text in group.iter(f"{SVG}text")]
    assert "".join(text.text or "" for text in legend) == name + "b"
    assert len({text.get("y") for text in legend}) == len(legend) == 4
    assert len(keys(root)) == 2


def test_long_numbers_at_the_axes_stay_in_the_picture_and_apart() -> None:
    root = drawn({"a": [(1e7, 1.00000012), (1e7 + 0.1, 1.00000013)]})
    up, across = (
        [
            (float(text.get("x", "")), 7 * len(text.text or ""))
            for text in root.findall(f"{SVG}text[@text-anchor='{end}']")
        ]
        for end in ("end", "middle")
    )
    assert max(size for _, size in up) > 7 * 8
    assert all(x > size for x, size in up)
    assert len(across) > 3
    assert all(here + size <= there for (here, size), (there, _) in pairwise(across))


@given(st.lists(lines_of_any_kind, max_size=3))
def test_all_that_is_drawn_lies_in_the_picture(charts: list[dict[str, Points]]) -> None:
    root = drawn(*charts)
    height = float(root.get("height", "0"))
    places: list[tuple[float, float]] = []
    for path in root.iter(f"{SVG}path"):
        if "H" not in path.get("d", "") and "v" not in path.get("d", ""):
            places += [(float(x), float(y)) for x, y in (pair.split() for pair in path.get("d", "")[1:].split("L"))]
    places += [(float(dot.get("cx", "")), float(dot.get("cy", ""))) for dot in root.iter(f"{SVG}circle")]
    assert all(64 <= x <= 784 and 0 < y < height for x, y in places)
    below: dict[str | None, float] = {}
    for text in root.iter(f"{SVG}text"):
        wide = 12 if text.get("text-anchor") == "start" else 7  # digits are never as wide as letters
        size = wide * len(text.text or "")
        left = float(text.get("x", "")) - {"start": 0.0, "middle": size / 2, "end": size}[text.get("text-anchor", "")]
        assert 0 <= left <= left + size <= WIDTH
        assert 0 < float(text.get("y", "")) < height
        if text.get("text-anchor") != "end":  # what stands in one row does not overlap
            assert left >= below.get(text.get("y"), 0.0)
            below[text.get("y")] = left + size
