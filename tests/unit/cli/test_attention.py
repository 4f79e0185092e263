from xml.etree import ElementTree

from rich.cells import cell_len

from seqnlp.cli.translate import attention_text, pharaoh
from seqnlp.plots.svg_matrices import attention_svg
from seqnlp.results import Translation


def looked(tokens: list[str], source: list[str], attention: list[list[float]]) -> Translation:
    return Translation(" ".join(tokens), 0.0, 0.0, tokens, source, attention=attention, alignment=[(0, 0), (1, 2)])


RESULT = looked(["ein", "Hund"], ["a", "dog"], [[1.0, 0.0], [0.3, 0.7]])


def test_the_darkest_cell_is_where_the_token_looked() -> None:
    assert list(attention_text(RESULT, 80)) == ["       d", "       o", "     a g", " ein ██", "Hund ░░▓▓", ""]
    assert list(attention_text(RESULT, 80, unicode=False))[3:5] == [" ein ##", "Hund ..++"]


def test_a_wide_source_is_folded_and_nothing_of_it_is_lost() -> None:
    source = [f"w{number}" for number in range(30)]
    weights = [float(number == 29) for number in range(30)]
    lines = list(attention_text(looked(["x"], source, [weights]), 20))
    assert all(cell_len(line) <= 20 for line in lines)
    assert sum(line.count("w") for line in lines) == 30
    assert [line for line in lines if "█" in line] == ["x                   "[:1] + " " + " " * 4 + "██"]


def test_characters_that_are_two_columns_wide_keep_the_columns() -> None:
    lines = list(attention_text(looked(["犬", "x"], ["日本", "a"], [[1.0, 0.0], [0.0, 1.0]]), 80))
    assert lines[:4] == ["   日", "   本a", "犬 ██", " x   ██"]


def test_long_tokens_are_cut() -> None:
    lines = list(attention_text(looked(["y" * 50], ["x" * 50], [[1.0]]), 80))
    assert max(map(cell_len, lines)) < 30
    assert lines[-2].startswith("y" * 15 + "…")


def test_empty_attention_draws_no_picture() -> None:
    assert list(attention_text(Translation("", 0.0, 0.0, [], [], attention=[], alignment=[]), 80)) == [""]
    ElementTree.fromstring(attention_svg([]))


def test_the_picture_is_xml_with_a_cell_for_each_pair() -> None:
    odd = looked(["<b>&", "\x00"], ["\"'", "ok"], [[0.5, 0.5], [0.0, 1.0]])
    root = ElementTree.fromstring(attention_svg([RESULT, odd]))
    cells = list(root.iter("{http://www.w3.org/2000/svg}g"))
    assert len(cells) == 8
    titles = [cell[0].text or "" for cell in cells]
    assert titles[0] == "ein: 1.00 of a"
    assert titles[4] == "<b>&: 0.50 of \"'"
    assert [cell[1].get("fill") for cell in cells][:2] == ["rgb(20,20,140)", "rgb(255,255,255)"]


def test_alignments_are_written_source_first() -> None:
    assert pharaoh(RESULT) == "0-0 1-2"
