"""Exports of texts: whatever is in a text, it is well-formed, and says what was written."""

from html import unescape
from html.parser import HTMLParser
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from seqnlp.generation.export import COLUMNS, Colours, to_html, to_svg

COLOURS = Colours("#000001", "#00000a", tuple(f"#00001{level}" for level in range(6)))
PIECES = st.lists(
    st.tuples(
        st.text("ab <&>\"'\n\t\x1b\ud800漢]", max_size=5) | st.just("</pre><script>"), st.none() | st.floats(-9, 0)
    ),
    max_size=30,
)
SVG = "{http://www.w3.org/2000/svg}"


class Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.inside, self.text, self.tags = False, "", set[str]()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        self.inside = self.inside or tag == "pre"

    def handle_data(self, data: str) -> None:
        self.text += data if self.inside else ""


@given(pieces=PIECES)
def test_html_holds_the_text_and_nothing_else(pieces: list[tuple[str, float | None]]) -> None:
    reader = Text()
    reader.feed(to_html("a <title>", pieces, COLOURS))
    assert reader.text.removesuffix("\n\n").rstrip("\n") == "".join(text for text, _ in pieces).rstrip("\n")
    assert reader.tags <= {"html", "meta", "title", "style", "pre", "b", "span"}


@given(pieces=PIECES)
def test_svg_is_well_formed_and_has_all_lines(pieces: list[tuple[str, float | None]]) -> None:
    root = ElementTree.fromstring(to_svg("<&>", pieces, COLOURS))
    rows = ["".join(span.text or "" for span in row) for row in root.iter(f"{SVG}text")]
    lines = "".join(text for text, _ in pieces).split("\n")
    assert sum(map(len, rows)) == sum(map(len, lines))
    assert len(rows) == sum(max(-(-len(line) // COLUMNS), 1) for line in lines)


def test_tints_are_those_of_the_screen() -> None:
    page = to_html("x", [("p", None), ("a", -0.01), ("b", -1.0), ("c", -20.0)], COLOURS)
    assert '<b style="color: #00000a">p</b>' in page
    assert '<span style="color: #000010" title="99.0%">a</span>' in unescape(page)
    assert 'color: #000012" title="36.8%">b' in page
    assert 'color: #000015" title="0.0%">c' in page
