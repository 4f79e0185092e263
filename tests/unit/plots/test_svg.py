from xml.etree import ElementTree

from seqnlp.plots.svg import svg_document, text, vertical_text

SVG = "{http://www.w3.org/2000/svg}"


def test_picture_keeps_odd_text() -> None:
    words = '<b> & "c" \x07é'
    root = ElementTree.fromstring(svg_document(words, 30, 20, text(1, 2, words, "end", ' font-size="14"')))
    (title,), (line,) = root.findall(f"{SVG}title"), root.findall(f"{SVG}text")
    assert title.text == line.text == '<b> & "c" \N{REPLACEMENT CHARACTER}é'
    assert (root.get("width"), root.get("height")) == ("30", "20")
    assert (line.get("text-anchor"), line.get("font-size")) == ("end", "14")


def test_text_over_a_column_turns_about_its_own_place() -> None:
    line = ElementTree.fromstring(vertical_text(5, 7, "x"))
    assert (line.get("x"), line.get("y")) == ("5.0", "7.0")
    assert line.get("transform") == "rotate(-90 5 7)"
