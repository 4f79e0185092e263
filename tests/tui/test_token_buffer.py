"""The text of a sample and how it is broken into lines: against what a plain list of tokens would say."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from seqnlp.generation.tree import Branch
from seqnlp.tui.token_buffer import MAX_CHARACTERS, LineWrap, TokenBuffer

WORDS = st.lists(st.sampled_from(["a", "the ", "ä", "漢", "\n", "long-word ", "", " ", "x\n"]), max_size=60)


@given(prompt=st.text("ab \n", max_size=5), tokens=WORDS, sizes=st.lists(st.integers(1, 7), min_size=1))
def test_pieces_and_spans_are_those_of_the_tokens(prompt: str, tokens: list[str], sizes: list[int]) -> None:
    buffer, left, turn = TokenBuffer(prompt), list(tokens), 0
    while left:
        part, left = left[: sizes[turn % len(sizes)]], left[sizes[turn % len(sizes)] :]
        buffer.add("".join(part), [len(token) for token in part], [-1.0] * len(part))
        turn += 1
    assert buffer.text == prompt + "".join(tokens)
    assert buffer.tokens == len(tokens)
    spans = [buffer.span(number) for number in range(buffer.count)]
    assert "".join(buffer.text[a:b] for a, b in spans) == "".join(tokens)
    for offset in range(len(prompt), len(buffer.text)):
        token = buffer.token_at(offset)
        assert token is not None
        assert buffer.span(token)[0] <= offset < buffer.span(token)[1]
    pieces = buffer.pieces(0, len(buffer.text))
    assert "".join(buffer.text[a:b] for a, b, _ in pieces) == buffer.text
    assert all((logprob is None) == (a < len(prompt)) for a, b, logprob in pieces)


@given(tokens=WORDS, width=st.integers(1, 20), cuts=st.integers(1, 9))
def test_lines_grow_as_if_laid_out_at_once(tokens: list[str], width: int, cuts: int) -> None:
    text = "".join(tokens)
    whole, growing = LineWrap(width), LineWrap(width)
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


def test_a_character_over_several_tokens_is_one_piece() -> None:
    buffer = TokenBuffer()
    buffer.add("aé", [1, 0, 1], [-1.0, -2.0, -0.5])
    assert buffer.count == 2
    assert buffer.tokens == 3


def test_the_beginning_is_dropped() -> None:
    buffer = TokenBuffer("prompt ")
    written = "prompt "
    for number in range(5 * MAX_CHARACTERS // 1000):
        text = f"{number:>9} " * 100
        buffer.add(text, [10] * 100, [-1.0] * 100)
        written += text
    assert MAX_CHARACTERS <= len(buffer.text) <= MAX_CHARACTERS + MAX_CHARACTERS // 4
    assert buffer.start == 0
    assert buffer.characters == len(written)
    assert buffer.dropped_tokens + buffer.count == buffer.tokens
    assert written[buffer.dropped :] == buffer.text
    assert buffer.text[slice(*buffer.span(0))] == written[buffer.dropped : buffer.dropped + 10]


@given(
    words=st.lists(st.sampled_from([" the", "a", " ", "\n", "bc", " lamp"]), min_size=1, max_size=20), data=st.data()
)
def test_the_word_around_a_token_has_blanks_only_at_its_beginning(words: list[str], data: st.DataObject) -> None:
    buffer = TokenBuffer("x")
    buffer.add("".join(words), [len(word) for word in words], [-1.0] * len(words))
    token = data.draw(st.integers(0, buffer.count - 1))
    first, last = buffer.word_at(token)
    assert first <= token <= last
    text = buffer.text[buffer.span(first)[0] : buffer.span(last)[1]]
    assert len(text.split()) <= 1
    if text.strip():
        assert text.rstrip() == text
        after = buffer.text[buffer.span(last)[1] :][:1]
        assert not after or after.isspace()


@pytest.mark.parametrize("at", [0, 6, 9])
def test_a_branch_that_is_copied_as_the_text_grows_is_the_one_that_is_copied_once(at: int) -> None:
    random, buffer, branch = Random(at), TokenBuffer("Prompt"), Branch(1, 0, at)
    for _ in range(60):
        deed = random.choice(["add", "add", "add", "cut", "empty", "other", "drop"])
        if deed == "cut" and buffer.count > 4:
            buffer.cut(random.randrange(4, buffer.count))
        elif deed == "empty" and buffer.count:
            buffer.add("", [0], [-0.5])  # the rest of a character
        elif deed == "other":
            buffer.write_to(Branch(2, 0, at))
        elif deed == "drop":
            buffer.add("x" * MAX_CHARACTERS, [1] * MAX_CHARACTERS, [-0.25] * MAX_CHARACTERS)
        else:
            lengths = [random.randrange(1, 4) for _ in range(random.randrange(5))]
            buffer.add("y" * sum(lengths), lengths, [-random.random() for _ in lengths])
        buffer.write_to(branch)
        once, again = Branch(1, 0, at), TokenBuffer()
        again.__dict__ |= {**buffer.__dict__, "_copied": (None, 0, 0)}
        again.write_to(once)
        assert branch == once
