"""The text of a sample and how it is broken into lines: against what a plain list of tokens would say."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from seqnlp.tui import writing as module
from seqnlp.tui.wrapping import Wrapping
from seqnlp.tui.writing import Writing

WORDS = st.lists(st.sampled_from(["a", "the ", "ä", "漢", "\n", "long-word ", "", " ", "x\n"]), max_size=60)


@given(prompt=st.text("ab \n", max_size=5), tokens=WORDS, sizes=st.lists(st.integers(1, 7), min_size=1))
def test_pieces_and_spans_are_those_of_the_tokens(prompt: str, tokens: list[str], sizes: list[int]) -> None:
    writing, left, turn = Writing(prompt), list(tokens), 0
    while left:
        part, left = left[: sizes[turn % len(sizes)]], left[sizes[turn % len(sizes)] :]
        writing.add("".join(part), [len(token) for token in part], [-1.0] * len(part))
        turn += 1
    assert writing.text == prompt + "".join(tokens)
    assert writing.tokens == len(tokens)
    spans = [writing.span(number) for number in range(writing.count)]
    assert "".join(writing.text[a:b] for a, b in spans) == "".join(tokens)
    for offset in range(len(prompt), len(writing.text)):
        token = writing.token_at(offset)
        assert token is not None
        assert writing.span(token)[0] <= offset < writing.span(token)[1]
    pieces = writing.pieces(0, len(writing.text))
    assert "".join(writing.text[a:b] for a, b, _ in pieces) == writing.text
    assert all((logprob is None) == (a < len(prompt)) for a, b, logprob in pieces)


@given(tokens=WORDS, width=st.integers(1, 20), cuts=st.integers(1, 9))
def test_lines_grow_as_if_laid_out_at_once(tokens: list[str], width: int, cuts: int) -> None:
    text = "".join(tokens)
    whole, growing = Wrapping(width), Wrapping(width)
    whole.grow(text)
    for end in range(0, len(text) + 1, cuts):
        growing.grow(text[:end])
    growing.grow(text)
    lines = [text[slice(*whole.line(number, text))] for number in range(len(whole))]
    assert all(cell_len(line.rstrip(" ")) <= max(width, 2) for line in lines)
    assert "".join(lines).replace("\n", "") == text.replace("\n", "")
    assert list(growing.starts)[-1] <= len(text)
    grown = [text[slice(*growing.line(number, text))] for number in range(len(growing))]
    assert "".join(grown).replace("\n", "") == text.replace("\n", "")


def test_branching_and_undoing() -> None:
    writing = Writing("The ")
    writing.add("cat sat", [4, 3], [-0.1, -2.0])
    writing.branch(1, "ran", -3.0)
    writing.add(" off", [4], [-1.0])
    assert (writing.text, writing.tokens, writing.can_undo) == ("The cat ran off", 3, True)
    assert writing.undo() == 8
    assert (writing.text, writing.tokens, writing.can_undo) == ("The cat sat", 2, False)
    assert [round(writing.logprob(token), 3) for token in range(2)] == [-0.1, -2.0]
    assert writing.undo() is None


def test_two_branchings_are_undone_in_turn() -> None:
    writing = Writing()
    writing.add("abc", [1, 1, 1], [-1.0] * 3)
    writing.branch(2, "x", -1.0)
    writing.branch(0, "y", -1.0)
    assert writing.text == "y"
    writing.undo()
    assert writing.text == "abx"
    writing.undo()
    assert writing.text == "abc"


def test_a_character_over_several_tokens_is_one_piece() -> None:
    writing = Writing()
    writing.add("aé", [1, 0, 1], [-1.0, -2.0, -0.5])
    assert writing.count == 2
    assert writing.tokens == 3


def test_what_is_old_waits_in_a_file() -> None:
    writing = Writing("prompt ")
    written = "prompt "
    for number in range(5 * module.KEPT // 1000):
        text = f"{number:>9} " * 100
        writing.add(text, [10] * 100, [-1.0] * 100)
        written += text
    assert len(writing.text) <= module.KEPT + module.KEPT // 4
    assert writing.start == 0
    assert writing.characters == len(written)
    assert written.endswith(writing.text)
    assert writing.whole() == written
    assert writing.text[slice(*writing.span(0))] in written[writing.dropped : writing.dropped + 10]
    writing.add("!", [1], [-1.0])
    assert writing.whole() == written + "!"
    writing.close()
